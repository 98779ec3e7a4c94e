import ts from 'typescript';

/** Kinds of exports, by the first flag that a symbol has. */
const KINDS: readonly (readonly [flag: ts.SymbolFlags, kind: string])[] = [
  [ts.SymbolFlags.Class, 'class'],
  [ts.SymbolFlags.Function, 'function'],
  [ts.SymbolFlags.Variable, 'const'],
  [ts.SymbolFlags.Module, 'namespace'],
  [ts.SymbolFlags.Interface, 'interface'],
  [ts.SymbolFlags.TypeAlias, 'type'],
];

/** Names and kinds of what declaration files export, a namespace's members under it; a section a file. */
export function publicApi(entries: Readonly<Record<string, string>>): string {
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const program = ts.createProgram(Object.values(entries), { ...options, noEmit: true, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const sections = Object.entries(entries).map(([title, path]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path)!)!;
    return [`# ${title}`, ...linesOf(checker, module, '')].join('\n');
  });
  return `${sections.join('\n\n')}\n`;
}

function linesOf(checker: ts.TypeChecker, module: ts.Symbol, prefix: string): string[] {
  return checker
    .getExportsOfModule(module)
    .map((symbol) => ({ name: prefix + symbol.name, symbol: resolved(checker, symbol) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, symbol }) => {
      const kind = KINDS.find(([flag]) => symbol.flags & flag)?.[1] ?? 'unknown';
      const inner = kind === 'namespace' ? linesOf(checker, symbol, `${name}.`) : [];
      return [`${name}: ${kind}`, ...inner];
    });
}

function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}
