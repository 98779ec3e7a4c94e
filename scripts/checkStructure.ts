/** Checks the structure of the sources, and the links of the documents: `node dist/scripts/checkStructure.js`, in the repository's root. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { checkStructure } from './structure/check.js';
import { formatFinding } from './structure/finding.js';
import { checkLinks } from './structure/links.js';

const folders = ['src', 'test', 'bench', 'scripts'].filter((folder) => existsSync(folder));
const paths = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => /\.tsx?$/.test(path)),
);
const textsOf = (files: readonly string[]): Map<string, string> =>
  new Map(files.map((path) => [path, readFileSync(path, 'utf8')]));
const pages = ['.', 'docs'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => (folder === '.' ? name : `${folder}/${name}`)),
);
const findings = [...checkStructure(textsOf(paths)), ...checkLinks(textsOf(pages), existsSync)];
for (const finding of findings) console.log(formatFinding(finding));
const errors = findings.filter(({ severity }) => severity === 'error').length;
console.log(`${paths.length} files, ${errors} errors, ${findings.length - errors} warnings`);
process.exitCode = errors > 0 || paths.length === 0 ? 1 : 0;
