import ts from 'typescript';
import { broken, type Finding } from './finding.js';
import { lineOf, type Source } from './sources.js';

/** Refuses exports of src/ without a docstring: functions, classes, types and constants. */
export function checkDocumentation(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap(({ path, tree }) =>
      tree.statements
        .filter((statement) => isExported(statement) && !hasDocstring(statement))
        .map((statement) => broken(path, lineOf(tree, statement), `${nameOf(statement)} lacks a docstring`)),
    );
}

function isExported(statement: ts.Statement): boolean {
  if (!ts.canHaveModifiers(statement)) return false;
  return ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function hasDocstring(statement: ts.Statement): boolean {
  return ts.getJSDocCommentsAndTags(statement).length > 0;
}

function nameOf(statement: ts.Statement): string {
  const declaration = ts.isVariableStatement(statement)
    ? statement.declarationList.declarations[0]
    : statement;
  const name = declaration && ts.getNameOfDeclaration(declaration as ts.Declaration);
  return name?.getText() ?? 'an export';
}
