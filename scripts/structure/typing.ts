import ts from 'typescript';
import { broken, type Finding } from './finding.js';
import { lineOf, type Source, walk } from './sources.js';

/** Refuses what switches the type checker off: `any` and casts by way of `unknown`. */
export function checkTyping(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, tree }) => {
    const findings: Finding[] = [];
    walk(tree, (node) => {
      const line = lineOf(tree, node);
      if (node.kind === ts.SyntaxKind.AnyKeyword) findings.push(broken(path, line, 'the type any'));
      if (isDoubleCast(node)) findings.push(broken(path, line, 'a cast by way of unknown'));
    });
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
