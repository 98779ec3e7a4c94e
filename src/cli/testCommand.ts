import { type Command, Option } from 'commander';
import { limited } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import { createEngine, type EngineChoice, engineChoices } from '../engines/createEngine.js';
import { UsageError, UserError } from '../errors.js';
import { crossEntropyLoss } from '../losses/crossEntropy.js';
import { createModel } from '../models/registry.js';
import { sgd } from '../optim/sgd.js';
import { evaluate } from '../train/evaluate.js';
import { Learner } from '../train/learner.js';
import type { Accuracy } from '../train/metrics.js';
import { loadStrictly } from '../train/pretrained.js';
import { readWeights, type WeightsFile } from '../train/weights.js';
import { type DataChoice, loadData } from './loadData.js';
import { formatCount, formatTable, type LogFormat, printJson, printLine } from './output.js';
import { ProgressLine } from './progressLine.js';
import { parseNumber } from './trainCommand.js';

interface TestFlags {
  readonly checkpoint: string;
  readonly model?: string;
  readonly ratio?: number;
  readonly data: DataChoice['data'];
  readonly dataPath?: string;
  readonly download?: boolean;
  readonly batchSize: number;
  readonly classes?: number;
  readonly threads?: number;
  readonly engine: EngineChoice;
  readonly limitTest?: number;
  readonly perClass?: boolean;
  readonly seed: number;
  readonly logFormat: LogFormat;
}

/** Adds the `test` command. */
export function addTestCommand(program: Command): void {
  program
    .command('test')
    .description('Test a checkpoint: top-1, top-5, parameters.')
    .requiredOption('--checkpoint <file>', 'checkpoint of a run, or weights as .safetensors')
    .option('--model <name>', 'model of the weights (default: what the checkpoint says)')
    .option('--ratio <number>', 'channel multiplier of shufflenetv2', parseNumber)
    .addOption(
      new Option('--data <name>', 'data').choices(['cifar100', 'cifar10', 'synthetic']).default('cifar100'),
    )
    .option('--data-path <path>', 'folder or archive of the data (default: data)')
    .option('--download', 'fetch the official archive if the data is missing')
    .option('--batch-size <n>', 'pictures of a batch', parseNumber, 128)
    .option('--threads <n>', 'threads of computation (default: all)', parseNumber)
    .addOption(new Option('--engine <name>', 'engine').choices([...engineChoices]).default('auto'))
    .option('--limit-test <n>', 'only so many test pictures', parseNumber)
    .option('--per-class', 'also each class’s accuracy and the most confused pairs')
    .option('--seed <n>', 'seed of synthetic data', parseNumber, 0)
    .addOption(
      new Option('--log-format <format>', 'what is printed').choices(['text', 'json']).default('text'),
    )
    .addOption(
      new Option('--classes <n>', 'as the published script; must be the data’s')
        .argParser(parseNumber)
        .hideHelp(),
    )
    .addHelpText(
      'after',
      '\nExample:\n  biasloss test --checkpoint runs/NAME/best.safetensors --data-path data --per-class',
    )
    .action(runTest);
}

async function runTest(flags: TestFlags): Promise<void> {
  const weights = readWeights(flags.checkpoint);
  const data = await loadData({
    ...flags,
    dataPath: flags.dataPath ?? null,
    download: flags.download ?? false,
  });
  const test = limited(data.test, flags.limitTest);
  if (flags.classes !== undefined && flags.classes !== test.classes.length) {
    throw new UsageError(
      `--classes is ${flags.classes}, but ${flags.data} has ${test.classes.length} classes`,
    );
  }
  const model = modelOf(flags, weights, test.classes.length, test.imageSize);
  const engine = await createEngine(
    flags.engine,
    flags.threads === undefined ? {} : { threads: flags.threads },
  );
  const loader = new Loader(test, { batchSize: flags.batchSize, imageSize: test.imageSize });
  try {
    const learner = await Learner.create({
      engine,
      model,
      loss: crossEntropyLoss(),
      optimizer: sgd(),
      batchSize: flags.batchSize,
    });
    await loadStrictly(learner, weights.tensors, flags.checkpoint);
    const confusion = new Confusion(test.classes);
    const line = new ProgressLine(process.stderr);
    const accuracy = await evaluate(learner, loader.epoch(0), {
      each: (label, predicted) => confusion.add(label, predicted),
      onProgress: (images) => {
        if (flags.logFormat === 'text') line.update(images / test.count, `testing ${images}/${test.count}`);
      },
    });
    line.clear();
    await learner.close();
    report(flags, accuracy!, model.parameterCount, confusion);
  } finally {
    await loader.close();
    await engine.close();
  }
}

/** The model that the flags name, or else the checkpoint. */
function modelOf(
  flags: TestFlags,
  { info }: WeightsFile,
  classes: number,
  imageSize: number,
): ReturnType<typeof createModel> {
  const name = flags.model ?? info?.model.name;
  if (name === undefined)
    throw new UsageError(`${flags.checkpoint} does not say which model it is; give --model`);
  if (info && info.model.name !== name) {
    throw new UserError(`${flags.checkpoint} is a checkpoint of ${info.model.name}, not of ${name}`);
  }
  const { ratio = flags.ratio, width } = info?.model ?? {};
  return createModel({ name, classes, imageSize, ratio, width });
}

function report(flags: TestFlags, accuracy: Accuracy, parameters: number, confusion: Confusion): void {
  const { top1, top5, images } = accuracy;
  if (flags.logFormat === 'json') {
    printJson({ event: 'result', top1, top5, parameters, images, ...(flags.perClass && confusion.toJson()) });
    return;
  }
  printLine(`top-1 ${top1.toFixed(2)}%  top-5 ${top5.toFixed(2)}%`);
  printLine(`${formatCount(parameters)} parameters; ${formatCount(images)} pictures`);
  if (flags.perClass) printLine(`\n${confusion.toText()}`);
}

/** How often each class was taken for each other. */
class Confusion {
  private readonly counts: Uint32Array;

  constructor(private readonly classes: readonly string[]) {
    this.counts = new Uint32Array(classes.length ** 2);
  }

  add(label: number, predicted: number): void {
    const at = label * this.classes.length + predicted;
    this.counts[at] = this.counts[at]! + 1;
  }

  /** Accuracy of each class that has pictures, worst first. */
  private perClass(): { name: string; images: number; top1: number }[] {
    return this.classes
      .map((name, label) => {
        const row = this.counts.subarray(label * this.classes.length, (label + 1) * this.classes.length);
        const images = row.reduce((total, count) => total + count, 0);
        return { name, images, top1: images === 0 ? 0 : (100 * row[label]!) / images };
      })
      .filter(({ images }) => images > 0)
      .sort((a, b) => a.top1 - b.top1);
  }

  /** The ten pairs that were confused most. */
  private pairs(): { label: string; predicted: string; count: number }[] {
    const size = this.classes.length;
    return Array.from(this.counts, (count, at) => ({
      count,
      label: Math.floor(at / size),
      predicted: at % size,
    }))
      .filter(({ label, predicted, count }) => label !== predicted && count > 0)
      .sort((a, b) => b.count - a.count)
      .slice(0, 10)
      .map(({ label, predicted, count }) => ({
        label: this.classes[label]!,
        predicted: this.classes[predicted]!,
        count,
      }));
  }

  toJson(): Record<string, unknown> {
    return { per_class: this.perClass(), confused: this.pairs() };
  }

  toText(): string {
    const classes = this.perClass().map(({ name, images, top1 }) => [
      name,
      String(images),
      `${top1.toFixed(1)}%`,
    ]);
    const pairs = this.pairs().map(({ label, predicted, count }) => [
      `${label} taken for ${predicted}`,
      String(count),
    ]);
    return `${formatTable(['class', 'pictures', 'top-1'], classes)}\n\n${formatTable(['most confused', 'pictures'], pairs)}`;
  }
}
