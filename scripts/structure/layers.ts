import ts from 'typescript';
import { broken, type Finding } from './finding.js';
import { lineOf, type Source, walk } from './sources.js';

/** Parts of src/ from the ground up; each imports from those before it. */
const order: readonly string[] = [
  'realms.ts',
  'errors.ts',
  'random.ts',
  'codePointOrder.ts',
  'makeFolder.ts',
  'syncFile.ts',
  'cacheFolder.ts',
  'median.ts',
  'liveProcess.ts',
  'graph',
  'formats',
  'nn',
  'losses',
  'optim',
  'models',
  'distributed',
  'engines',
  'data',
  'train',
  'profile',
  'runs',
  'report',
  'sweep',
  'studio',
  'cli',
  'portable.ts',
  'browser.ts',
  'index.ts',
  'prepare.ts',
];

/** Parts that may import less than the order allows. */
const narrow: Readonly<Record<string, readonly string[]>> = {
  distributed: ['errors.ts', 'graph'],
  engines: [
    ...['realms.ts', 'errors.ts', 'random.ts', 'makeFolder.ts', 'cacheFolder.ts'],
    ...['graph', 'formats', 'distributed'],
  ],
  formats: ['realms.ts', 'errors.ts', 'makeFolder.ts', 'graph'],
};

/** Folders inside of a part that import from themselves and from these alone. */
const narrowFolders: Readonly<Record<string, readonly string[]>> = {
  'src/engines/fusion/': ['graph'],
};

/** Part of src/ that a file belongs to. */
function partOf(path: string): string | undefined {
  return /^src\/([^/]+)/.exec(path)?.[1];
}

/** Refuses imports against the order of the folders. */
export function checkLayers(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, imports }) => {
    const part = partOf(path);
    if (part === undefined) return [];
    const place = order.indexOf(part);
    if (place < 0) return [broken(path, 1, `src/${part} has no place in the order of folders`)];
    return imports.flatMap(({ target, line }) =>
      target === undefined || (isAllowed(part, target) && isAllowedInFolder(path, target))
        ? []
        : [broken(path, line, `${describe(path)} must not import ${target}`)],
    );
  });
}

function describe(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

function isAllowed(part: string, target: string): boolean {
  const other = partOf(target);
  if (other === part) return true;
  const below = narrow[part] ?? order.slice(0, order.indexOf(part));
  return other !== undefined && below.includes(other);
}

function isAllowedInFolder(path: string, target: string): boolean {
  const folder = Object.keys(narrowFolders).find((prefix) => path.startsWith(prefix));
  return (
    folder === undefined || target.startsWith(folder) || narrowFolders[folder]!.includes(partOf(target) ?? '')
  );
}

/** Refuses printing outside of the command line. */
export function checkPrinting(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/') && partOf(path) !== 'cli')
    .flatMap(({ path, tree }) => {
      const findings: Finding[] = [];
      walk(tree, (node) => {
        if (ts.isPropertyAccessExpression(node) && isStream(node))
          findings.push(broken(path, lineOf(tree, node), `only src/cli prints, not ${node.getText(tree)}`));
      });
      return findings;
    });
}

function isStream({ expression, name }: ts.PropertyAccessExpression): boolean {
  if (!ts.isIdentifier(expression)) return false;
  if (expression.text === 'console') return true;
  return expression.text === 'process' && (name.text === 'stdout' || name.text === 'stderr');
}
