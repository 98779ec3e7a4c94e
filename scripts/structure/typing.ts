import ts from 'typescript';
import { broken, type Finding } from './finding.js';
import { lineOf, type Source, walk } from './sources.js';

const directive = /^(\/\/|\/\*)[\s*]*@ts-(ignore|expect-error|nocheck)/;

/** Refuses what switches the type checker off: `any`, casts by way of `unknown`, and @ts-ignore and the like. */
export function checkTyping(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, tree }) => {
    const findings: Finding[] = [];
    walk(tree, (node) => {
      const line = lineOf(tree, node);
      if (node.kind === ts.SyntaxKind.AnyKeyword) findings.push(broken(path, line, 'the type any'));
      if (isDoubleCast(node)) findings.push(broken(path, line, 'a cast by way of unknown'));
    });
    for (const { line, text } of commentsOf(tree)) {
      const name = directive.exec(text)?.[2];
      if (name) findings.push(broken(path, line, `@ts-${name}`));
    }
    return findings;
  });
}

function isDoubleCast(node: ts.Node): boolean {
  if (!ts.isAsExpression(node) && !ts.isTypeAssertionExpression(node)) return false;
  let inner: ts.Expression = node.expression;
  while (ts.isParenthesizedExpression(inner)) inner = inner.expression;
  if (!ts.isAsExpression(inner) && !ts.isTypeAssertionExpression(inner)) return false;
  return inner.type.kind === ts.SyntaxKind.UnknownKeyword;
}

/** All comments of a file, once each. */
function commentsOf(tree: ts.SourceFile): { line: number; text: string }[] {
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
