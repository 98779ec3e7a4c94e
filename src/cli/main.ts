#!/usr/bin/env node
/**
 * The entry point: plain enough for an old Node to parse, which then reports the version that is needed. The rest
 * is loaded only after that, so that `--version` is quick.
 */
import { readFileSync } from 'node:fs';

const about = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};
const needed = about.engines.node.replace(/^[^0-9]*/, '');

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  for (let i = 0; i < b!.length; i++) if (a![i] !== b![i]) return a![i]! < b![i]!;
  return false;
}

/** What happens if the rest cannot even be loaded. */
function fail(error: unknown): void {
  const files =
    'error: this needs more open files than the system allows a process: raise the limit, for example with ulimit -n 1024';
  const text = String(error);
  process.stderr.write(`${text.indexOf('EMFILE') >= 0 ? files : `unexpected error: ${text}`}\n`);
  process.exitCode = 1;
}

const [first] = process.argv.slice(2);
if (isOlder(process.versions.node, needed)) {
  process.stderr.write(`error: biasloss needs Node.js ${needed} or newer; this is ${process.version}\n`);
  process.exitCode = 1;
} else if (process.argv.length === 3 && (first === '--version' || first === '-V')) {
  process.stdout.on('error', () => {
    process.exitCode = 1;
  });
  process.stdout.write(`${about.version}\n`);
} else {
  import('./commandLine.js').then(({ runCommandLine }) => runCommandLine(process.argv.slice(2))).catch(fail);
}
