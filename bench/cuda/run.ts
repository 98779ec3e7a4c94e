import { writeFileSync } from 'node:fs';
import { createEngine } from '../../src/engines/createEngine.js';
import type { Device } from '../../src/engines/cuda/device.js';
import { openDevice } from '../../src/engines/cuda/native/openDevice.js';
import { measurePeaks } from '../../src/engines/cuda/peaks.js';
import type { Engine, MachinePeaks } from '../../src/engines/engine.js';
import { errorMessage } from '../../src/errors.js';
import { checkOnCard } from './checks.js';
import { measureLoading } from './loading.js';
import { measureOurs, type OurFigures } from './ours.js';
import { bestOf, hasPyTorchOnCard, type PyTorchFigures, readFigures, runPyTorch } from './pytorch.js';
import { type CudaComparison, comparisonTable, loadingText, peaksText, profileTable } from './tables.js';
import { type CudaWorkload, nameOf, type WorkloadOptions, workloadsOf } from './workload.js';

/** What `bench cuda` is told. */
export interface CudaOptions extends WorkloadOptions {
  /** Roughly how long the timed steps of a figure take together. */
  readonly seconds: number;
  /** Whether the tests on the card come first. */
  readonly checks: boolean;
  /** Whether training with a loader is timed, too. */
  readonly loading: boolean;
  /** Whether a table of each step's parts is printed. */
  readonly profile: boolean;
  /** The Python whose PyTorch is timed beside; false for none. */
  readonly pytorch: string | false;
  /** A file of PyTorch's figures from the same card, instead of timing it. */
  readonly torch?: string | undefined;
  /** File for our figures, a JSON line each. */
  readonly json?: string | undefined;
}

/** Where the figures of {@link timeCuda} go. */
export interface CudaOutput {
  /** Tables. */
  print(text: string): void;
  progress(text: string): void;
}

/**
 * Checks and times the engine on an NVIDIA GPU, beside PyTorch on the same card.
 *
 * @returns whether all checks pass and every step ran
 * @throws UserError when there is no usable card, or the file of PyTorch's figures cannot be read
 */
export async function timeCuda(options: CudaOptions, { print, progress }: CudaOutput): Promise<boolean> {
  // Whether there is a card, and the file, is known before anything takes long.
  openDevice().close();
  const known = options.torch === undefined ? undefined : readFigures(options.torch);
  const passed = !options.checks || (await checkOnCard());
  if (!passed) progress('some checks on the card failed');
  // Each side has the card to itself.
  const torch = known ?? (await timePyTorch(options, progress));
  const stepsRan = await timeSteps(options, torch, { print, progress });
  // The engine has the card to itself.
  const loaded = !options.loading || (await timeLoading(options, { print, progress }));
  return passed && stepsRan && loaded;
}

/**
 * Times steps, and prints their tables.
 *
 * @returns whether every step ran
 */
async function timeSteps(
  options: CudaOptions,
  torch: PyTorchFigures | undefined,
  { print, progress }: CudaOutput,
): Promise<boolean> {
  const device = openDevice();
  try {
    const peaks = await measurePeaks(device);
    print(`${[device.description, torch?.version].filter(Boolean).join('; ')}\n${peaksText(peaks)}\n`);
    const found = await timeAll(device, options, progress);
    print(reportOf(found, torch, peaks, options.profile));
    if (options.json !== undefined) writeFileSync(options.json, jsonLines(found));
    return found.every(({ ours }) => ours !== undefined);
  } finally {
    device.close();
  }
}

async function timePyTorch(
  options: CudaOptions,
  progress: (text: string) => void,
): Promise<PyTorchFigures | undefined> {
  const { pytorch: python } = options;
  if (python === false) return undefined;
  if (hasPyTorchOnCard(python)) return runPyTorch(options, python, progress);
  progress(`${python} has no PyTorch that sees the card: timing this library alone`);
  return undefined;
}

/**
 * Times training with a loader, and prints a line for each step.
 *
 * @returns whether every training ran
 */
async function timeLoading(options: CudaOptions, { print, progress }: CudaOutput): Promise<boolean> {
  let ran = true;
  for (const workload of workloadsOf(options).filter(({ mode }) => mode === 'train')) {
    try {
      const start = (): Promise<Engine> => createEngine('cuda', { precision: workload.precision });
      print(loadingText(workload, await measureLoading(start, workload, options.seconds)));
    } catch (error) {
      progress(`${nameOf(workload)} with loading failed: ${errorMessage(error)}`);
      ran = false;
    }
  }
  return ran;
}

interface Timed {
  readonly workload: CudaWorkload;
  /** Undefined where it failed. */
  readonly ours: OurFigures | undefined;
}

/** One step after the other; what fails is told, and does not end the others. */
async function timeAll(
  device: Device,
  options: CudaOptions,
  progress: (text: string) => void,
): Promise<Timed[]> {
  const found: Timed[] = [];
  for (const workload of workloadsOf(options)) {
    try {
      const ours = await measureOurs(device, workload, options.seconds);
      progress(`${nameOf(workload)}  ${ours.milliseconds.median.toFixed(3)} ms  ${ours.description}`);
      found.push({ workload, ours });
    } catch (error) {
      progress(`${nameOf(workload)} failed: ${errorMessage(error)}`);
      found.push({ workload, ours: undefined });
    }
  }
  return found;
}

/** All tables. */
export function reportOf(
  found: readonly Timed[],
  torch: PyTorchFigures | undefined,
  peaks: MachinePeaks,
  withProfiles: boolean,
): string {
  const comparisons = found.map(
    ({ workload, ours }): CudaComparison => ({ workload, ours, pytorch: torch && bestOf(torch, workload) }),
  );
  const profiles = withProfiles
    ? comparisons.flatMap(({ workload, ours }) => (ours ? [profileTable(workload, ours, peaks)] : []))
    : [];
  const errors = torch?.errors.map((error) => `PyTorch: ${error}`) ?? [];
  return [comparisonTable(comparisons), ...errors, ...profiles].join('\n\n');
}

function jsonLines(found: readonly Timed[]): string {
  return found
    .map(({ workload: { model: _, ...workload }, ours }) => `${JSON.stringify({ ...workload, ...ours })}\n`)
    .join('');
}
