import ts from 'typescript';
import type { Finding } from './finding.js';
import { lineOf, type Source, walk } from './sources.js';

/** Lines above which there is a warning, and above which there is an error. */
interface Limit {
  readonly warning: number;
  readonly error: number;
}

const fileLimit: Limit = { warning: 250, error: 300 };
const functionLimit: Limit = { warning: 40, error: 60 };

/** Refuses long files and functions. */
export function checkSizes(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, tree }) => {
    const findings = measure(path, 1, 'the file', lineCount(tree), fileLimit);
    walk(tree, (node) => {
      if (!ts.isFunctionLike(node)) return;
      const first = lineOf(tree, node);
      const last = tree.getLineAndCharacterOfPosition(node.end).line + 1;
      const name = node.name?.getText(tree) ?? 'a function';
      findings.push(...measure(path, first, name, last - first + 1, functionLimit));
    });
    return findings;
  });
}

function lineCount(tree: ts.SourceFile): number {
  const lines = tree.text.split('\n').length;
  return tree.text.endsWith('\n') ? lines - 1 : lines;
}

function measure(file: string, line: number, what: string, lines: number, limit: Limit): Finding[] {
  if (lines <= limit.warning) return [];
  const severity = lines > limit.error ? 'error' : 'warning';
  return [{ severity, file, line, message: `${what} has ${lines} lines, more than ${limit[severity]}` }];
}
