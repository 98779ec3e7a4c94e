import ts from 'typescript';
import { commentsOf } from './comments.js';
import { broken, type Finding } from './finding.js';
import { lineOf, type Source, walk } from './sources.js';

const FLAG = /(?<![\w-])--[a-z][a-z-]*/;

/** Custom properties of the report's style sheet, which look like flags. */
const CSS = /var\(--[\w-]+|--[\w-]+:/g;

/** Refuses flags' names outside of the command line: the library names settings, and the command line makes flags of them. */
export function checkFlags(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/cli/'))
    .flatMap(({ path, tree }) => {
      const findings: Finding[] = [];
      const look = (text: string, line: number): void => {
        const found = FLAG.exec(path.startsWith('src/report/') ? text.replaceAll(CSS, '') : text)?.[0];
        if (found !== undefined) findings.push(broken(path, line, `only src/cli names flags, not ${found}`));
      };
      walk(tree, (node) => {
        if (
          ts.isStringLiteralLike(node) ||
          ts.isTemplateHead(node) ||
          ts.isTemplateMiddleOrTemplateTail(node)
        )
          look(node.text, lineOf(tree, node));
      });
      for (const { text, line } of commentsOf(tree)) look(text, line);
      return findings;
    });
}
