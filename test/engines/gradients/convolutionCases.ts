import type { Pair } from '../../../src/graph/op.js';
import { batchNormInference, batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { conv2d, windowOutput } from '../../../src/graph/ops/conv.js';
import { matmul } from '../../../src/graph/ops/matmul.js';
import { adaptiveAvgPool2d, avgPool2d, globalAvgPool2d, maxPool2d } from '../../../src/graph/ops/pooling.js';
import type { GradientCase } from '../../support/gradientCheck.js';
import { Samples } from '../../support/samples.js';

const repeat = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

const pair = (samples: Samples, low: number, high: number): Pair => [
  samples.integer(low, high),
  samples.integer(low, high),
];

/** A convolution of random shapes, strides, paddings and groups. */
function randomConv(seed: number): GradientCase {
  const samples = new Samples('conv', seed);
  const [groups, perGroup, outputs] = [samples.integer(1, 3), samples.integer(1, 3), samples.integer(1, 3)];
  const [kernel, stride, padding] = [pair(samples, 1, 3), pair(samples, 1, 3), pair(samples, 0, 2)];
  const size = pair(samples, 3, 7);
  const bias = samples.integer(0, 1) === 1;
  const x = [samples.integer(1, 2), groups * perGroup, ...size];
  return {
    name: `conv2d ${x.join('×')}, kernel ${kernel}, stride ${stride}, padding ${padding}, groups ${groups}, seed ${seed}`,
    inputs: [
      { shape: x },
      { shape: [groups * outputs, perGroup, ...kernel] },
      ...(bias ? [{ shape: [groups * outputs] }] : []),
    ],
    build: ([input, weight, b]) => conv2d(input!, weight!, b, { stride, padding, groups }),
  };
}

const fixedConvs: GradientCase[] = [
  {
    name: 'conv2d, depthwise 5×5',
    inputs: [{ shape: [2, 4, 6, 5] }, { shape: [4, 1, 5, 5] }],
    build: ([x, w]) => conv2d(x!, w!, undefined, { padding: 2, groups: 4 }),
  },
  {
    name: 'conv2d, 1×1 with stride 2, whose last column no window reaches',
    inputs: [{ shape: [1, 3, 4, 6] }, { shape: [2, 3, 1, 1] }],
    build: ([x, w]) => conv2d(x!, w!, undefined, { stride: 2 }),
  },
  {
    name: 'conv2d, 1×1 with padding and bias',
    inputs: [{ shape: [2, 3, 3, 2] }, { shape: [2, 3, 1, 1] }, { shape: [2] }],
    build: ([x, w, b]) => conv2d(x!, w!, b, { padding: 1 }),
  },
  {
    name: 'conv2d, kernel as large as the padded image',
    inputs: [{ shape: [1, 2, 3, 3] }, { shape: [2, 2, 5, 5] }],
    build: ([x, w]) => conv2d(x!, w!, undefined, { padding: 1 }),
  },
];

/** Dilated convolutions of many kinds, whose channels fill blocks or don't. */
const dilatedConvs: GradientCase[] = [
  { x: [2, 3, 9, 8], w: [4, 3, 3, 3], dilation: 2, padding: 2 },
  { x: [1, 4, 11, 10], w: [2, 4, 3, 2], dilation: [3, 2] as const, padding: [1, 0] as const, stride: 2 },
  { x: [2, 4, 10, 10], w: [6, 2, 3, 3], dilation: 2, padding: 1, stride: [3, 2] as const, groups: 2 },
  { x: [2, 8, 12, 12], w: [8, 1, 3, 3], dilation: 2, padding: 2, stride: 2, groups: 8 },
  { x: [2, 8, 9, 9], w: [8, 1, 5, 5], dilation: 2, padding: 4, groups: 8 },
  { x: [2, 16, 8, 8], w: [16, 16, 3, 3], dilation: 2, padding: 2 },
  { x: [2, 64, 8, 8], w: [32, 64, 3, 3], dilation: 2, padding: 2, bias: true },
  { x: [2, 16, 13, 13], w: [32, 16, 3, 3], dilation: 2, padding: 2, stride: 2 },
  { x: [2, 16, 12, 12], w: [32, 16, 3, 3], dilation: 3, padding: 3, stride: 2 },
].map(({ x, w, bias, ...options }) => ({
  name: `conv2d ${x.join('×')} with ${w.join('×')}, ${JSON.stringify(options)}`,
  inputs: [{ shape: x }, { shape: w }, ...(bias ? [{ shape: [w[0]!] }] : [])],
  build: ([input, weight, b]) => conv2d(input!, weight!, b, options),
}));

/** Maximum pooling of distinct values: no window has two that are nearly equal. */
const maxPools: GradientCase[] = [
  { shape: [2, 3, 6, 6], kernel: 2 },
  { shape: [2, 3, 7, 8], kernel: 3, stride: 2, padding: 1 },
  { shape: [1, 2, 6, 5], kernel: [3, 2] as const, stride: 1, padding: [1, 0] as const },
  { shape: [2, 16, 9, 9], kernel: 3, stride: 2, padding: 1 },
  { shape: [2, 20, 5, 5], kernel: 5, stride: 1, padding: 2 },
  { shape: [1, 1, 8, 8], kernel: 2, stride: 3 },
].map(({ shape, kernel, ...options }) => ({
  name: `maxPool2d ${shape.join('×')}, kernel ${kernel}, ${JSON.stringify(options)}`,
  inputs: [{ shape, distinct: 'planes' as const }],
  build: ([x]) => maxPool2d(x!, kernel, options),
}));

const matmuls: GradientCase[] = [0, 1, 2, 3].map((bits) => {
  const [transposeA, transposeB] = [(bits & 1) > 0, (bits & 2) > 0];
  return {
    name: `matmul, transposeA ${transposeA}, transposeB ${transposeB}`,
    inputs: [{ shape: transposeA ? [4, 3] : [3, 4] }, { shape: transposeB ? [2, 4] : [4, 2] }],
    build: ([a, b]) => matmul(a!, b!, { transposeA, transposeB }),
  };
});

const batchNorms: GradientCase[] = [
  [2, 3, 4, 2],
  [5, 2, 1, 1],
  [1, 4, 3, 3],
].flatMap((shape) => {
  const channels = [shape[1]!];
  return [
    {
      name: `batchNormTrain ${shape}`,
      inputs: [{ shape, low: -3, high: 2 }, { shape: channels }, { shape: channels }],
      build: ([x, gamma, beta]) => batchNormTrain(x!, gamma!, beta!, 1e-2).y,
    },
    {
      name: `batchNormInference ${shape}`,
      inputs: [
        { shape },
        { shape: channels },
        { shape: channels },
        { shape: channels, fixed: new Samples('mean').floats(channels) },
        { shape: channels, fixed: new Samples('variance').floats(channels, 0.5, 2) },
      ],
      build: ([x, gamma, beta, mean, variance]) =>
        batchNormInference(x!, gamma!, beta!, { mean: mean!, variance: variance! }, 1e-3),
    },
  ] satisfies GradientCase[];
});

/** Average pooling of random windows, with padding up to half of the kernel. */
function randomPool(seed: number): GradientCase {
  const samples = new Samples('pool', seed);
  const kernel = pair(samples, 1, 3);
  const stride = pair(samples, 1, 3);
  const padding: Pair = [samples.integer(0, kernel[0] >> 1), samples.integer(0, kernel[1] >> 1)];
  const size = [samples.integer(3, 7), samples.integer(3, 7)];
  const outputs = size.map((s, i) => windowOutput(s, kernel[i]!, stride[i]!, padding[i]!));
  return {
    name: `avgPool2d ${size}, kernel ${kernel}, stride ${stride}, padding ${padding} → ${outputs}, seed ${seed}`,
    inputs: [{ shape: [2, 2, ...size] }],
    build: ([x]) => avgPool2d(x!, kernel, { stride, padding }),
  };
}

const adaptivePools: GradientCase[] = (
  [
    [
      [7, 5],
      [3, 2],
    ],
    [
      [5, 8],
      [4, 3],
    ],
    [
      [4, 6],
      [2, 3],
    ],
    [
      [3, 2],
      [5, 7],
    ],
    [
      [1, 9],
      [1, 4],
    ],
  ] as [Pair, Pair][]
).map(([size, outputSize]) => ({
  name: `adaptiveAvgPool2d ${size} → ${outputSize}`,
  inputs: [{ shape: [2, 3, ...size] }],
  build: ([x]) => adaptiveAvgPool2d(x!, outputSize),
}));

/** Convolution, matrix product, batch normalisation, pooling. */
export const convolutionCases: readonly GradientCase[] = [
  ...repeat(24, randomConv),
  ...fixedConvs,
  ...dilatedConvs,
  ...matmuls,
  ...batchNorms,
  ...repeat(8, randomPool),
  ...adaptivePools,
  ...maxPools,
  { name: 'globalAvgPool2d', inputs: [{ shape: [2, 3, 3, 5] }], build: ([x]) => globalAvgPool2d(x!) },
];
