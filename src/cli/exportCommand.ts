import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.js';
import { HIGHEST_OPSET, LOWEST_OPSET } from '../formats/onnx/opsets.js';
import { exportGradCam } from '../report/analysis/exportGradCam.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { weightsName } from '../runs/hub/weightsName.js';
import { modelLabels } from '../runs/modelLabels.js';
import { shellWord } from '../runs/shellWord.js';
import { aboutModel } from '../studio/modelAbout.js';
import {
  expectPageFolder,
  findPageSources,
  type PageSources,
  writeModelPage,
} from '../studio/server/modelPage.js';
import { EXPORT_FORMATS, type ExportFormat, exportSafetensors, exportTorch } from '../train/exportWeights.js';
import { checkInt8Flags, type Int8Flags, int8Options } from './int8Export.js';
import { checkedOnnx, type Exported, withExported, writeOnnxFile } from './onnxExport.js';
import { nameOption } from './options.js';
import { printLine } from './output.js';
import { checkOutput, expectExpendable } from './outputFile.js';
import { type WeightsFlags, weightsOptions } from './weightsFlags.js';

/** A page for the model, besides the files that hold it. */
const FORMATS = [...EXPORT_FORMATS, 'web'] as const;

interface ExportFlags extends WeightsFlags, Int8Flags {
  readonly to: ExportFormat | 'web';
  readonly output?: string;
  readonly includePreprocessing?: boolean;
  readonly f16?: boolean;
  readonly opset?: number;
}

/** Endings of a format's files; a page is a folder of any name. */
const ENDINGS: { readonly [F in ExportFlags['to']]: readonly string[] | undefined } = {
  onnx: ['.onnx'],
  safetensors: ['.safetensors'],
  pth: ['.pth', '.pt'],
  web: undefined,
};

/** Flags of some formats alone. */
const FLAGS_OF: readonly {
  readonly key: keyof ExportFlags;
  readonly flag: string;
  readonly to: readonly string[];
}[] = [
  { key: 'f16', flag: '--f16', to: ['onnx', 'web'] },
  { key: 'opset', flag: '--opset', to: ['onnx', 'web'] },
  { key: 'includePreprocessing', flag: '--include-preprocessing', to: ['onnx'] },
  { key: 'int8', flag: '--int8', to: ['onnx'] },
];

/** Adds the options and the action of `export`. */
export function configureExport(command: Command): void {
  command.addHelpText(
    'after',
    '\nAn ONNX file is checked in ONNX Runtime against the source before it is written. Beside FILE.onnx,\n' +
      'FILE.labels.json gets the names of the classes and how images are prepared, for pages and apps.\n' +
      '--to web writes a folder with the model and a page that classifies images, for any web server; it needs\n' +
      'the package onnxruntime-web (npm i onnxruntime-web).\n' +
      '\nExamples:\n  biasloss export --checkpoint runs/NAME/best.safetensors --to onnx --include-preprocessing\n' +
      '  biasloss export --checkpoint runs/NAME/best.safetensors --to onnx --int8',
  );
  const options = [
    nameOption('--to <format>', 'format', FORMATS).makeOptionMandatory(),
    new Option(
      '--output <file>',
      'file to write, for web a folder (default: the checkpoint’s name with the format’s extension)',
    ),
    ...weightsOptions('names of the classes'),
    new Option('--include-preprocessing', 'ONNX: take uint8 bytes [batch, height, width, 3]'),
    new Option('--f16', 'ONNX: store weights as 16-bit floats, half the size'),
    new Option(
      '--opset <n>',
      `ONNX: version of the operator set, ${LOWEST_OPSET} to ${HIGHEST_OPSET} (default: the lowest that has all operators)`,
    ).argParser(parseOpset),
    ...int8Options(),
  ];
  for (const option of options) command.addOption(option);
  command.action(runExport);
}

function parseOpset(value: string): number {
  const opset = Number(value);
  if (Number.isInteger(opset) && opset >= LOWEST_OPSET && opset <= HIGHEST_OPSET) return opset;
  throw new InvalidArgumentError(`It must be a whole number from ${LOWEST_OPSET} to ${HIGHEST_OPSET}.`);
}

async function runExport(flags: ExportFlags): Promise<void> {
  for (const { key, flag, to } of FLAGS_OF)
    if (flags[key] !== undefined && !to.includes(flags.to))
      throw new UsageError(`${flag} is for --to ${to.join(' and ')}, not ${flags.to}`);
  checkInt8Flags(flags);
  const endings = ENDINGS[flags.to];
  if (endings) checkOutput(flags.output, `--output with --to ${flags.to}`, endings);
  const output = flags.output ?? defaultOutput(flags);
  expectExpendable(output, flags.checkpoint);
  // What is missing for a page is said before the model is read.
  const sources = flags.to === 'web' ? findPageSources() : undefined;
  if (sources) expectPageFolder(output);
  await withExported(flags, async (exported) => {
    const { weights, model, tensors, data } = exported;
    if (sources) await exportPage(output, sources, exported, flags);
    else if (flags.to === 'onnx') await exportOnnxFile(output, exported, flags);
    else {
      const info = { model: model.config, data };
      const toPth = () => exportTorch(tensors, { ...weights, info: { ...weights.info, ...info } });
      const chunks = flags.to === 'safetensors' ? exportSafetensors(tensors, info) : toPth();
      await writeFileAtomically(output, chunks);
      printLine(`${output}: ${megabytes(chunks.reduce((total, { length }) => total + length, 0))}`);
    }
  });
}

/** The ONNX model, and its labels beside it. */
async function exportOnnxFile(output: string, exported: Exported, flags: ExportFlags): Promise<void> {
  const { size, int8 } = await writeOnnxFile(output, exported, flags);
  int8?.print();
  printLine(`${output}: ${megabytes(size)}${int8 ? '' : ', checked against the source in ONNX Runtime'}`);
}

/** A folder with the ONNX model and a page that runs it. */
async function exportPage(
  output: string,
  sources: PageSources,
  exported: Exported,
  { f16, opset }: ExportFlags,
): Promise<void> {
  const { model, tensors, data, preprocessing } = exported;
  const options = { f16, opset, includePreprocessing: true };
  const bytes = await writeModelPage(output, sources, {
    model: await checkedOnnx(exported, options),
    heatModel: exportGradCam(model, tensors, { ...data, ...options }),
    labels: { ...modelLabels(data.classes, preprocessing, true), ...aboutModel(model, tensors, data) },
  });
  printLine(`${output}: ${megabytes(bytes)}, the model checked against the source in ONNX Runtime`);
  printLine(`serve the folder with any web server, such as: npx http-server ${shellWord(output)}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

/** The checkpoint's path with another ending, `best-web` for a page's folder; in the working folder for published weights. */
function defaultOutput({ checkpoint, to, int8 }: ExportFlags): string {
  const named = weightsName(checkpoint) && basename(checkpoint);
  const ending = to === 'web' ? '-web' : `${int8 ? '.int8' : ''}.${to}`;
  return named === undefined ? checkpoint.replace(/(\.(safetensors|pth|pt))?$/, ending) : `${named}${ending}`;
}
