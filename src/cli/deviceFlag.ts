import { InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.js';
import type { TrainConfig } from '../runs/trainConfig.js';

type Engine = TrainConfig['engine'];

/** Engines that compute, or may, on a GPU. */
const ON_A_GPU: readonly Engine[] = ['auto', 'cuda', 'webgpu'];

/** `--device cpu`, which the published scripts take: the engines of the processor alone. */
export function deviceOption(): Option {
  return new Option('--device <name>', 'cpu: as --engine cpu')
    .hideHelp()
    .argParser((value: string): 'cpu' => {
      if (value === 'cpu') return value;
      throw new InvalidArgumentError('It must be cpu; an NVIDIA GPU is chosen by --engine cuda.');
    });
}

/**
 * The engine that `--device cpu` asks for; undefined where what is set stays on the processor anyway.
 *
 * @param given by `--engine`
 * @param otherwise what applies without a flag
 * @throws UsageError when the given one computes on a GPU
 */
export function processorEngine(given: Engine | undefined, otherwise: unknown): Engine | undefined {
  if (given === 'cuda' || given === 'webgpu')
    throw new UsageError(
      `--engine ${given} computes on a GPU, and --device cpu excludes it: give one of them`,
    );
  return ON_A_GPU.some((engine) => engine === (given ?? otherwise ?? 'auto')) ? 'cpu' : undefined;
}
