import type { Case } from './benchmark.js';
import { waysOf } from './contenders.js';
import type { KnownWays } from './earlierRun.js';
import type { Interpreter } from './interpreters.js';
import type { BenchmarkModel } from './models.js';
import type { Mode, Precision } from './protocol.js';

/** What every benchmark is told. */
export interface CommonOptions {
  readonly threads: number;
  readonly engine: string;
  readonly precision: readonly Precision[];
  readonly rounds: number;
  /** Pythons that have PyTorch. */
  readonly pytorch: readonly string[] | false;
  /** The `--json` file of an earlier run, whose fastest ways of PyTorch alone take part. */
  readonly fastestOf?: string | undefined;
  readonly ours: boolean;
  readonly json?: string | undefined;
}

/** What `bench models` is told. */
export interface ModelsOptions extends CommonOptions {
  readonly models: readonly BenchmarkModel[];
  readonly batch?: number | undefined;
  readonly modes: readonly Mode[];
  readonly steps?: number | undefined;
}

/** What `bench validate` is told. */
export interface ValidateOptions extends CommonOptions {
  readonly model: BenchmarkModel;
  readonly data: string;
}

/** PyTorch's side. */
export interface Peers {
  readonly pythons: readonly Interpreter[];
  /** The fastest ways of an earlier run. */
  readonly known?: KnownWays | undefined;
}

/** The cases of `bench models`: each model in each mode. */
export function modelCases(options: ModelsOptions, peers: Peers): Case[] {
  const { threads, steps } = options;
  return options.models.flatMap(({ label, batch, workload }) =>
    options.modes.map((mode) =>
      caseOf(options, peers, {
        label,
        steps,
        workload: { ...workload, batch: options.batch ?? batch, mode, threads },
        lines: [waysOf(mode)],
      }),
    ),
  );
}

/** Passes over the folder in one step of `validate`, so that a small folder gives a steady rate. */
const REPEAT = 3;
const VALIDATION_BATCH = 32;

/**
 * The cases of `bench validate`: from files to accuracies, the model alone at batch 32 and 1, and its latency
 * (batch 1) on one thread.
 */
export function validateCases(options: ValidateOptions, peers: Peers): Case[] {
  const { threads, data, model } = options;
  const alone = [
    { batch: VALIDATION_BATCH, threads },
    { batch: 1, threads },
    { batch: 1, threads: 1 },
  ];
  const workloads = [
    { mode: 'validate', batch: VALIDATION_BATCH, threads, data, repeat: REPEAT } as const,
    ...alone.map((size) => ({ mode: 'eval', ...size }) as const),
  ];
  return workloads.map((workload) =>
    caseOf(options, peers, {
      label: model.label,
      // A pass over the folder is long enough to be a block by itself.
      steps: workload.mode === 'validate' ? 1 : undefined,
      workload: { ...model.workload, ...workload },
      lines: [['eager'], ['frozen', 'compiled']],
    }),
  );
}

function caseOf(
  { precision: precisions, engine, rounds, ours }: CommonOptions,
  { pythons, known }: Peers,
  own: Pick<Case, 'label' | 'steps' | 'workload' | 'lines'>,
): Case {
  return { ...own, precisions, engine, rounds, ours, pythons, known: known?.(own.label, own.workload) };
}
