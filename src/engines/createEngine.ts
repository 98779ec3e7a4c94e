import { availableParallelism } from 'node:os';
import type { LaunchedRanks } from '../distributed/launcher.js';
import { setTransports } from '../distributed/mpi/transports.js';
import { SettingError, UsageError, UserError } from '../errors.js';
import { hasDriver } from './cuda/native/library/libraryFolders.js';
import type { BackendOptions, Engine, EngineOptions } from './engine.js';
import { siblingModule } from './host/channel/siblingModule.js';
import { processorsAtHand } from './host/processors.js';
import { startThreadEngine } from './host/threadEngine.js';
import { refuseTelemetry } from './onnx/node/telemetry.js';

/** Backend modules by engine name, each loaded only by its own worker. */
const backendModules = {
  cuda: './cuda/backend.js',
  onednn: './onednn/backend.js',
  onnx: './onnx/node/backend.js',
  reference: './reference/backend.js',
  webgpu: './onnx/node/webGpuBackend.js',
} as const;

/** An engine by name: `cuda` (an NVIDIA GPU, experimental), `onednn` (oneDNN, native), `onnx` (ONNX Runtime, installed with the package), `reference` (plain TypeScript, slow) or `webgpu` (ONNX Runtime on a GPU, experimental). */
export type EngineName = keyof typeof backendModules;

/**
 * An engine by name; `auto` uses CUDA where an NVIDIA GPU and its libraries are found, else oneDNN if it is found, else ONNX Runtime;
 * `cpu` does the same without CUDA.
 */
export type EngineChoice = EngineName | 'auto' | 'cpu';

/** Names that {@link createEngine} takes. */
export const engineChoices: readonly EngineChoice[] = [
  'auto',
  'cpu',
  'cuda',
  'onednn',
  'onnx',
  'reference',
  'webgpu',
];

/**
 * Starts an engine in a worker thread.
 *
 * @param name which; with `auto` and `cpu`, the engine's description says why CUDA is not used where there is NVIDIA's driver, and why oneDNN is not used
 * @param options threads (default: all that the process may use, which ranks of one machine share), precision (default `f32`), and what else {@link EngineOptions} has
 * @param ranks the ranks that the engine's programs are to run with, as the launcher says; once in a process. Default: none, the process
 *   is on its own
 * @throws UserError when the engine's library is missing or refuses the options, or the ranks cannot be joined
 * @throws UsageError when a name or option is unknown
 */
export async function createEngine(
  name: EngineChoice = 'auto',
  options: EngineOptions = {},
  ranks?: LaunchedRanks,
): Promise<Engine> {
  const resolved = resolveOptions(options);
  if (!engineChoices.includes(name))
    throw new UsageError(`unknown engine ${name}: it must be one of ${engineChoices.join(', ')}`);
  if (name === 'auto') return startBest(resolved, ranks);
  return name === 'cpu' ? startOnProcessor(resolved, ranks) : start(name, resolved, ranks);
}

/**
 * The most threads that an engine is started with. More than one per processor gains nothing, and a thousand bring
 * a machine to a standstill; four per processor leave room to measure it, and 16 for settings from another machine.
 */
export function mostThreads(): number {
  return Math.max(16, 4 * availableParallelism());
}

/**
 * Rejects an invalid number of threads.
 *
 * @throws SettingError when it is not a whole number of at least 1, or more than {@link mostThreads}
 */
export function checkThreads(threads: number): void {
  const refuse = (what: string): SettingError =>
    new SettingError((name) => `${name('threads')} must be ${what}, not ${threads}`);
  if (!Number.isInteger(threads) || threads < 1) throw refuse('a positive whole number');
  if (threads > mostThreads())
    throw refuse(`at most ${mostThreads()} with ${availableParallelism()} processors`);
}

/** Options with their defaults. */
type ResolvedOptions = BackendOptions &
  Pick<EngineOptions, 'onMeasuring'> & {
    /** Whether nothing says how many threads to take. */
    readonly sharesProcessors: boolean;
  };

function resolveOptions({
  threads,
  precision = 'f32',
  choices = {},
  onMeasuring,
}: EngineOptions): ResolvedOptions {
  if (threads !== undefined) checkThreads(threads);
  if (!['auto', 'f32', 'tf32', 'bf16'].includes(precision))
    throw new UsageError(`precision must be auto, f32, tf32 or bf16, not ${precision}`);
  const sharesProcessors = threads === undefined;
  return { threads: threads ?? processorsAtHand(), sharesProcessors, precision, choices, onMeasuring };
}

function start(
  name: EngineName,
  { onMeasuring, sharesProcessors, ...options }: ResolvedOptions,
  ranks?: LaunchedRanks,
): Promise<Engine> {
  if (name === 'onnx' || name === 'webgpu') refuseTelemetry();
  if (ranks && ranks.size > 1) setTransports();
  const module = siblingModule(backendModules[name], import.meta.url);
  const joined = ranks && { ...ranks, sharesProcessors };
  return startThreadEngine({ name, module, ranks: joined }, options, onMeasuring);
}

async function startBest(options: ResolvedOptions, ranks?: LaunchedRanks): Promise<Engine> {
  // One card computes for one rank.
  if ((ranks && ranks.size > 1) || !hasDriver(process.env)) return startOnProcessor(options, ranks);
  let reason: string;
  try {
    return await start('cuda', options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    reason = `CUDA is not used: ${error.message}`;
  }
  return withReason(await startOnProcessor(options, ranks), reason);
}

async function startOnProcessor(options: ResolvedOptions, ranks?: LaunchedRanks): Promise<Engine> {
  try {
    return await start('onednn', options, ranks);
  } catch (error) {
    // Ranks are joined once in a process: there is no second try.
    if (!(error instanceof UserError) || (ranks && ranks.size > 1)) throw error;
    return startFallback(options, `oneDNN is not used: ${error.message}`);
  }
}

async function startFallback(options: ResolvedOptions, reason: string): Promise<Engine> {
  try {
    return withReason(await start('onnx', options), reason);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${error.message} (${reason})`) : error;
  }
}

/** An engine whose description says, too, why it is not another. */
function withReason(engine: Engine, reason: string): Engine {
  const { measurePeaks, choices, useThreads } = engine;
  return {
    name: engine.name,
    get description() {
      return `${engine.description} (${reason})`;
    },
    precision: engine.precision,
    mostThreads: engine.mostThreads,
    takesAhead: engine.takesAhead,
    runsAhead: engine.runsAhead,
    takesBytes: engine.takesBytes,
    variables: (specs) => engine.variables(specs),
    compile: (program, options) => engine.compile(program, options),
    ...(measurePeaks && { measurePeaks }),
    ...(choices && { choices }),
    ...(useThreads && { useThreads }),
    statistics: () => engine.statistics(),
    close: () => engine.close(),
  };
}
