import ts from 'typescript';
import { broken, type Finding } from './finding.js';
import { lineOf, type Source, walk } from './sources.js';

/** Built-in classes of which other realms have their own. */
const BUILT_IN =
  /^((Big)?(Ui|I)nt\d+(Clamped)?Array|Float\d+Array|Array|(Shared)?ArrayBuffer|DataView|Map|Set|Error|Promise|Date|RegExp)$/;

/** Refuses `instanceof` for built-in classes in the library, which is false for objects of another realm. */
export function checkRealms(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap(({ path, tree }) => {
      const findings: Finding[] = [];
      walk(tree, (node) => {
        if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.InstanceOfKeyword)
          return;
        const name = node.right.getText(tree);
        if (BUILT_IN.test(name))
          findings.push(
            broken(path, lineOf(tree, node), `instanceof ${name} is false for other realms’ objects`),
          );
      });
      return findings;
    });
}
