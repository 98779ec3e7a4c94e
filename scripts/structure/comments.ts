import ts from 'typescript';
import { broken, type Finding } from './finding.js';
import type { Source } from './sources.js';

const directive = /^(?:\/\/|\/\*)[\s*]*(@ts-(?:ignore|expect-error|nocheck))/;
const reminder = /\b(TODO|FIXME|XXX|HACK)\b/;

/** Refuses comments that silence the compiler, and reminders of what is left to do. */
export function checkComments(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, tree }) =>
    commentsOf(tree).flatMap(({ line, text }) => {
      const found = directive.exec(text)?.[1] ?? reminder.exec(text)?.[1];
      return found === undefined ? [] : [broken(path, line, `a comment with ${found}`)];
    }),
  );
}

/** All comments of a file, once each. */
export function commentsOf(tree: ts.SourceFile): { line: number; text: string }[] {
  const { text } = tree;
  const starts = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    const ranges = [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.end) ?? []),
    ];
    for (const { pos, end } of ranges) starts.set(pos, text.slice(pos, end));
    for (const child of node.getChildren(tree)) visit(child);
  };
  visit(tree);
  return [...starts].map(([position, comment]) => ({
    line: tree.getLineAndCharacterOfPosition(position).line + 1,
    text: comment,
  }));
}
