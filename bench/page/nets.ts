import { fillUniform } from '../../src/random.js';

/** A 3×3 convolution that keeps the size but for its stride, what may follow it, and a ReLU. */
export interface Block {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: 1 | 2;
  /** Batch normalisation before the ReLU; without it the convolution has a bias. */
  readonly norm: boolean;
  /** 2×2 average pooling after the ReLU. */
  readonly pool: boolean;
}

/** A small convolutional network, as data: each side builds it with its own means. */
export interface Net {
  readonly name: NetName;
  readonly channels: number;
  readonly imageSize: number;
  readonly batch: number;
  readonly blocks: readonly Block[];
  /** What the linear layer sees: all features one after the other (channels first), or the average of each channel. */
  readonly head: 'flatten' | 'average';
  /** Inputs of the linear layer. */
  readonly features: number;
}

export const NET_NAMES = ['1', '2'] as const;
export type NetName = (typeof NET_NAMES)[number];

/** Classes of every net. */
export const CLASSES = 10;
export const LEARNING_RATE = 0.05;
export const MOMENTUM = 0.9;
/** Added to the variance of a batch. */
export const EPSILON = 1e-5;

const plain = { stride: 1, norm: false, pool: true } as const;
const normalised = { norm: true, pool: false } as const;

export const NETS: Readonly<Record<NetName, Net>> = {
  1: {
    name: '1',
    channels: 1,
    imageSize: 28,
    batch: 64,
    blocks: [
      { inputs: 1, outputs: 16, ...plain },
      { inputs: 16, outputs: 32, ...plain },
    ],
    head: 'flatten',
    features: 32 * 7 * 7,
  },
  2: {
    name: '2',
    channels: 3,
    imageSize: 32,
    batch: 32,
    blocks: [
      { inputs: 3, outputs: 32, stride: 1, ...normalised },
      { inputs: 32, outputs: 64, stride: 2, ...normalised },
      { inputs: 64, outputs: 64, stride: 1, ...normalised },
    ],
    head: 'average',
    features: 64,
  },
};

/** A parameter with its first values, row-major. */
export interface Initial {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The parameters of a convolution: weight [outputs, inputs, 3, 3] and bias [outputs]; a normalisation begins with 1 and 0. */
export interface BlockParameters {
  readonly weight: Initial;
  readonly bias?: Initial;
}

/** All parameters; the linear layer's weight is [classes, features]. */
export interface NetParameters {
  readonly blocks: readonly BlockParameters[];
  readonly weight: Initial;
  readonly bias: Initial;
}

function uniform(name: string, shape: readonly number[], bound: number): Initial {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  fillUniform(values, 1, name, 0);
  return { shape, values: values.map((value) => (2 * value - 1) * bound) };
}

/** The parameters that every side begins with. */
export function parametersOf({ blocks, features }: Net): NetParameters {
  const bound = 1 / Math.sqrt(features);
  return {
    blocks: blocks.map(({ inputs, outputs, norm }, i): BlockParameters => {
      const fanIn = Math.sqrt(9 * inputs);
      const weight = uniform(`weight ${i}`, [outputs, inputs, 3, 3], 1.5 / fanIn);
      return norm ? { weight } : { weight, bias: uniform(`bias ${i}`, [outputs], 1 / fanIn) };
    }),
    weight: uniform('weight', [CLASSES, features], bound),
    bias: uniform('bias', [CLASSES], bound),
  };
}

/** Images [batch, channels, size, size] and labels [batch]. */
export interface NetBatch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** One of several batches: numbers between −1 and 1 that lean to their class. */
export function batchOf({ batch, channels, imageSize }: Net, index: number): NetBatch {
  const images = new Float32Array(batch * channels * imageSize ** 2);
  fillUniform(images, 1, 'images', index);
  const labels = Int32Array.from({ length: batch }, (_, i) => (i * 7 + index) % CLASSES);
  const values = images.length / batch;
  for (let i = 0; i < images.length; i++) {
    const lean = labels[Math.floor(i / values)]! / CLASSES;
    images[i] = images[i]! + lean - 1;
  }
  return { images, labels };
}

/** Labels as rows of zeros and a one, [batch, classes]. */
export function oneHot(labels: Int32Array): Float32Array {
  const rows = new Float32Array(labels.length * CLASSES);
  labels.forEach((label, i) => {
    rows[i * CLASSES + label] = 1;
  });
  return rows;
}
