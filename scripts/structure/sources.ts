import { posix } from 'node:path';
import ts from 'typescript';

/** An import, export-from or dynamic import of a literal. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** The file it names, for a relative specifier. */
  readonly target: string | undefined;
}

/** A parsed source file. */
export interface Source {
  /** Path from the root, with slashes. */
  readonly path: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** Line of a node, from 1. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** Visits a node and all of its descendants. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Parses a file's text. */
export function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  walk(tree, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined)
      imports.push({ specifier, line: lineOf(tree, node), target: resolve(path, specifier) });
  });
  return { path, tree, imports };
}

/** What a node imports, if it does: also `import('x')` as an expression or as a type. */
function specifierOf(node: ts.Node): string | undefined {
  let literal: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) literal = node.moduleSpecifier;
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    literal = node.arguments[0];
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) literal = node.argument.literal;
  return literal && ts.isStringLiteralLike(literal) ? literal.text : undefined;
}

function resolve(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(path), specifier).replace(/\.js(x?)$/, '.ts$1');
}
