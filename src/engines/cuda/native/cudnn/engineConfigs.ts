import type { Arithmetic } from '../../device.js';
import { type Cudnn, CudnnError, type Descriptor } from './cudnn.js';
import { ATTRIBUTE, BEHAVIOR, DESCRIPTOR, HEURISTIC, MOST, NOTE, TYPE } from './enums.js';

/** One of cuDNN's algorithms for a graph, with its settings. */
export interface EngineConfig {
  readonly descriptor: Descriptor;
  /** Number of the algorithm and its settings: `eng28 2=4 13=1`. */
  readonly name: string;
  readonly numericalNotes: readonly number[];
  /** Whether it is compiled when it is prepared, which takes longer. */
  readonly isCompiled: boolean;
}

/**
 * The algorithms that cuDNN proposes for a graph, the best first, each once.
 *
 * @param most that are returned; what cuDNN falls back to is not asked for where there is any
 * @param accept says which are of use
 */
export function proposeConfigs(
  cudnn: Cudnn,
  graph: Descriptor,
  most: number,
  accept: (config: EngineConfig) => boolean,
): EngineConfig[] {
  const found = new Map<string, EngineConfig>();
  for (const mode of [HEURISTIC.a, HEURISTIC.b, HEURISTIC.fallback]) {
    if (found.size > 0) break;
    for (const descriptor of ask(cudnn, graph, mode)) {
      const config = describe(cudnn, descriptor);
      if (found.size < most && !found.has(config.name) && accept(config)) found.set(config.name, config);
      else descriptor.close();
    }
  }
  return [...found.values()];
}

/** Whether an algorithm gives the same bits in every run, and computes with what the arithmetic allows. */
export function isAllowed({ numericalNotes }: EngineConfig, arithmetic: Arithmetic): boolean {
  return !numericalNotes.some((note) => excluded[arithmetic].includes(note));
}

/** Notes of algorithms that are not used. `downConvertInputs` is a conversion to fewer than tf32's bits of the exponent. */
const excluded: Readonly<Record<Arithmetic, readonly number[]>> = {
  f32: [NOTE.nondeterministic, NOTE.reducedPrecisionReduction, NOTE.downConvertInputs, NOTE.tensorCore],
  tf32: [NOTE.nondeterministic, NOTE.reducedPrecisionReduction, NOTE.downConvertInputs],
  bf16: [NOTE.nondeterministic, NOTE.reducedPrecisionReduction],
};

/** What a heuristic proposes; nothing where it knows no algorithm. */
function ask(cudnn: Cudnn, graph: Descriptor, mode: number): Descriptor[] {
  const heuristic = cudnn.descriptor(DESCRIPTOR.heuristic);
  try {
    heuristic
      .setPointers(ATTRIBUTE.heuristicGraph, TYPE.descriptor, [graph.pointer])
      .setEnum(ATTRIBUTE.heuristicMode, TYPE.heuristicMode, mode)
      .finalize();
    const count = heuristic.count(ATTRIBUTE.heuristicResults, TYPE.descriptor);
    return readDescriptors(cudnn, heuristic, ATTRIBUTE.heuristicResults, DESCRIPTOR.engineConfig, count);
  } catch (error) {
    if (error instanceof CudnnError && error.isUnsupported) return [];
    throw error;
  } finally {
    heuristic.close();
  }
}

/** Descriptors that cuDNN fills in: at most so many. */
function readDescriptors(
  cudnn: Cudnn,
  from: Descriptor,
  attribute: number,
  type: number,
  most: number,
): Descriptor[] {
  if (most === 0) return [];
  const made = Array.from({ length: most }, () => cudnn.descriptor(type));
  const pointers = BigUint64Array.from(made, ({ pointer }) => BigInt(pointer));
  const count = from.get(attribute, TYPE.descriptor, pointers);
  for (const rest of made.splice(Math.min(count, most))) rest.close();
  return made;
}

function describe(cudnn: Cudnn, descriptor: Descriptor): EngineConfig {
  const [engine] = readDescriptors(cudnn, descriptor, ATTRIBUTE.configEngine, DESCRIPTOR.engine, 1);
  if (engine === undefined) throw new Error('cuDNN returned a configuration without an engine');
  const index = new BigInt64Array(1);
  engine.get(ATTRIBUTE.engineIndex, TYPE.int64, index);
  const config: EngineConfig = {
    descriptor,
    name: [`eng${index[0]}`, ...knobs(cudnn, descriptor)].join(' '),
    numericalNotes: notes(engine, ATTRIBUTE.engineNumericalNotes, TYPE.numericalNote, MOST.numericalNotes),
    isCompiled: notes(engine, ATTRIBUTE.engineBehaviorNotes, TYPE.behaviorNote, MOST.behaviorNotes).includes(
      BEHAVIOR.runtimeCompilation,
    ),
  };
  engine.close();
  return config;
}

function notes(engine: Descriptor, attribute: number, type: number, most: number): number[] {
  const values = new Int32Array(most);
  const count = engine.get(attribute, type, values);
  return [...values.subarray(0, Math.min(count, most))];
}

function knobs(cudnn: Cudnn, config: Descriptor): string[] {
  const choices = readDescriptors(cudnn, config, ATTRIBUTE.configKnobs, DESCRIPTOR.knobChoice, MOST.knobs);
  return choices.map((choice) => {
    const [type, value] = [new Int32Array(1), new BigInt64Array(1)];
    choice.get(ATTRIBUTE.knobType, TYPE.knobType, type);
    choice.get(ATTRIBUTE.knobValue, TYPE.int64, value);
    choice.close();
    return `${type[0]}=${value[0]}`;
  });
}
