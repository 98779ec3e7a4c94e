import { isBuiltin } from 'node:module';
import ts from 'typescript';

/**
 * Type-checks the sources that a configuration without Node's types names, with all that they import. Types of a
 * package may bring Node's with them, under which everything would pass: that is an error, too.
 */
export function portabilityErrors(config: string): string[] {
  const host: ts.ParseConfigFileHost = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(formatted([diagnostic]).join('\n'));
    },
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(config, { incremental: false }, host)!;
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  const nodeTypes = program.getSourceFiles().find(({ fileName }) => fileName.includes('/@types/node/'));
  if (nodeTypes) return [...nodeImports(program), `${config}: an import brings in Node's types`];
  return formatted(ts.getPreEmitDiagnostics(program));
}

/** Imports of Node's modules by sources that are not packages'. */
function nodeImports(program: ts.Program): string[] {
  const own = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/'));
  return own.flatMap(({ fileName, text }) =>
    ts
      .preProcessFile(text)
      .importedFiles.filter(({ fileName: module }) => isBuiltin(module))
      .map(({ fileName: module }) => `${fileName}: ${module} is Node's`),
  );
}

function formatted(diagnostics: readonly ts.Diagnostic[]): string[] {
  return diagnostics.map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (!file) return text;
    const { line } = file.getLineAndCharacterOfPosition(start ?? 0);
    return `${file.fileName}:${line + 1}: ${text}`;
  });
}
