import type { Case } from './benchmark.js';
import type { BenchmarkModel } from './models.js';
import type { Mode, Precision } from './protocol.js';

/** What every benchmark is told. */
export interface CommonOptions {
  readonly threads: number;
  readonly engine: string;
  readonly precision: readonly Precision[];
  readonly rounds: number;
  readonly pytorch: boolean;
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

/** The cases of `bench models`: each model in each mode. */
export function modelCases(options: ModelsOptions): Case[] {
  const { threads, steps } = options;
  return options.models.flatMap(({ label, batch, workload }) =>
    options.modes.map((mode) => ({
      ...common(options),
      label,
      steps,
      workload: { ...workload, batch: options.batch ?? batch, mode, threads },
      frozen: false,
    })),
  );
}

/** Passes over the folder in one step of `validate`, so that a small folder gives a steady rate. */
const REPEAT = 3;
const VALIDATION_BATCH = 32;

/**
 * The cases of `bench validate`: from files to accuracies, the model alone at batch 32 and 1, and its latency
 * (batch 1) on one thread.
 */
export function validateCases(options: ValidateOptions): Case[] {
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
  return workloads.map((workload) => ({
    ...common(options),
    label: model.label,
    // A pass over the folder is long enough to be a block by itself.
    ...(workload.mode === 'validate' ? { steps: 1 } : {}),
    workload: { ...model.workload, ...workload },
    frozen: true,
  }));
}

function common(options: CommonOptions): Pick<Case, 'precisions' | 'engine' | 'rounds' | 'sides'> {
  const { precision: precisions, engine, rounds, ours, pytorch } = options;
  return { precisions, engine, rounds, sides: { ours, pytorch } };
}
