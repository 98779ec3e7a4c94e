import { type Shape, sizeOf } from '../graph/tensorType.js';
import { fillUniform } from '../random.js';

/**
 * Kind of an entry of a state dict: a trained parameter, a statistic that training updates (buffer),
 * or a count of steps (counter: an int64 scalar that the host keeps).
 */
export type StateKind = 'parameter' | 'buffer' | 'counter';

/** Fills a new tensor; the same (seed, name) gives the same values. */
export type Initialiser = (values: Float32Array, seed: number, name: string) => void;

/** A tensor that belongs to a module. Its name comes from the module's place in the model. */
export class Parameter {
  constructor(
    readonly shape: Shape,
    readonly kind: StateKind,
    private readonly initialiser: Initialiser,
  ) {}

  /** Initial values, row-major. */
  initialise(seed: number, name: string): Float32Array {
    const values = new Float32Array(sizeOf(this.shape));
    this.initialiser(values, seed, name);
    return values;
  }
}

/** All values the same. */
export function constantInit(value: number): Initialiser {
  return (values) => {
    values.fill(value);
  };
}

/** Uniform in ±bound. */
export function symmetricUniformInit(bound: number): Initialiser {
  return (values, seed, name) => {
    fillUniform(values, seed, name, 0);
    for (let i = 0; i < values.length; i++) values[i] = (2 * values[i]! - 1) * bound;
  };
}

/**
 * Uniform in ±1/√fanIn: PyTorch's default for weights and biases of convolutions and linear layers
 * (`kaiming_uniform_` with a = √5).
 */
export function fanInUniformInit(fanIn: number): Initialiser {
  return symmetricUniformInit(1 / Math.sqrt(fanIn));
}

/** Normal, by the Box–Muller transform. */
export function normalInit(standardDeviation: number, mean = 0): Initialiser {
  return (values, seed, name) => {
    const angle = new Float32Array(values.length);
    fillUniform(values, seed, name, 0);
    fillUniform(angle, seed, name, 1);
    for (let i = 0; i < values.length; i++) {
      const standard = Math.sqrt(-2 * Math.log(1 - values[i]!)) * Math.cos(2 * Math.PI * angle[i]!);
      values[i] = mean + standardDeviation * standard;
    }
  };
}
