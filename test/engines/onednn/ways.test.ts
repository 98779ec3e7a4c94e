/**
 * Each way to compute a convolution and its gradients gives what the reference engine gives, whatever is in memory that nothing has
 * written.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soloCommunicator } from '../../../src/distributed/communicator.js';
import { createEngine } from '../../../src/engines/createEngine.js';
import { bindLibrary } from '../../../src/engines/onednn/bindLibrary.js';
import { DnnlError } from '../../../src/engines/onednn/dnnl.js';
import { DnnlExecutable } from '../../../src/engines/onednn/executable.js';
import { MachineCode } from '../../../src/engines/onednn/kernels/machineCode.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { planProgram } from '../../../src/engines/onednn/plan/plan.js';
import { limitThreads } from '../../../src/engines/onednn/threading.js';
import { candidates, type WaySettings } from '../../../src/engines/onednn/ways/candidates.js';
import { type Convolution, type ConvWay, nameOfWay } from '../../../src/engines/onednn/ways/way.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { mul } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import type { Program } from '../../../src/graph/program.js';
import { onednnMissing } from '../../support/onednn.js';
import { Samples } from '../../support/samples.js';
import { poisoned } from './fixtures/poisoned.js';

interface Case {
  readonly name: string;
  /** [N,C,H,W] */
  readonly x: readonly [number, number, number, number];
  /** [O,C/G,kh,kw] */
  readonly weight: readonly [number, number, number, number];
  readonly options?: NonNullable<Parameters<typeof conv2d>[3]>;
  readonly bias?: boolean;
}

const cases: readonly Case[] = [
  { name: '3×3', x: [3, 16, 9, 7], weight: [32, 16, 3, 3], options: { padding: 1 } },
  { name: '3×3 with bias', x: [2, 32, 8, 8], weight: [32, 32, 3, 3], options: { padding: 1 }, bias: true },
  { name: '3×3 without padding', x: [2, 5, 8, 6], weight: [7, 5, 3, 3] },
  { name: '3×3, stride 2', x: [2, 6, 9, 8], weight: [10, 6, 3, 3], options: { stride: 2, padding: 1 } },
  {
    name: '3×3, strides 2 and 3',
    x: [2, 6, 9, 8],
    weight: [4, 6, 3, 3],
    options: { stride: [2, 3], padding: 1 },
  },
  { name: '3×3, dilation 2', x: [2, 6, 9, 8], weight: [4, 6, 3, 3], options: { dilation: 2, padding: 2 } },
  {
    name: '3×3, stride 2, dilation 2',
    x: [2, 6, 10, 8],
    weight: [4, 6, 3, 3],
    options: { stride: 2, dilation: 2, padding: 2 },
  },
  { name: '5×3', x: [2, 6, 9, 8], weight: [4, 6, 5, 3], options: { padding: [2, 0] }, bias: true },
  { name: '1×1 with bias', x: [3, 20, 6, 6], weight: [24, 20, 1, 1], bias: true },
  { name: '1×1 of 58 channels', x: [2, 58, 5, 4], weight: [58, 58, 1, 1] },
  { name: '1×1, one side in whole tiles', x: [2, 64, 5, 4], weight: [33, 64, 1, 1], bias: true },
  { name: '1×1, few channels, many pixels', x: [3, 20, 36, 25], weight: [10, 20, 1, 1], bias: true },
  { name: '1×1 of 33 to 100 channels', x: [3, 33, 11, 7], weight: [100, 33, 1, 1], bias: true },
  { name: '1×1 of one pixel', x: [5, 70, 1, 1], weight: [40, 70, 1, 1] },
  { name: '1×1, padding 1', x: [2, 4, 5, 6], weight: [6, 4, 1, 1], options: { padding: 1 } },
  { name: '1×1, stride 2', x: [2, 16, 7, 8], weight: [24, 16, 1, 1], options: { stride: 2 } },
  { name: '2×2, stride 3', x: [2, 4, 8, 8], weight: [6, 4, 2, 2], options: { stride: 3 } },
  {
    name: 'depthwise 3×3, stride 2',
    x: [2, 24, 9, 8],
    weight: [24, 1, 3, 3],
    options: { stride: 2, padding: 1, groups: 24 },
  },
  { name: 'depthwise 5×5', x: [2, 16, 9, 8], weight: [16, 1, 5, 5], options: { padding: 2, groups: 16 } },
  // Narrower than the stride.
  {
    name: '3×3, stride 2, on one pixel',
    x: [2, 16, 1, 1],
    weight: [16, 16, 3, 3],
    options: { stride: 2, padding: 1 },
  },
  {
    name: '3×3, stride 3, 2 columns',
    x: [2, 17, 4, 2],
    weight: [5, 17, 3, 3],
    options: { stride: 3, padding: 1 },
  },
  {
    name: '5×5, stride 2, one column',
    x: [2, 16, 5, 1],
    weight: [16, 16, 5, 5],
    options: { stride: 2, padding: 2 },
    bias: true,
  },
  { name: '2×2, stride 3, on 2×2', x: [2, 3, 2, 2], weight: [16, 3, 2, 2], options: { stride: 3 } },
  { name: '1×1, stride 2, on one pixel', x: [2, 3, 1, 1], weight: [16, 3, 1, 1], options: { stride: 2 } },
  {
    name: '2 groups, stride 2, on one pixel',
    x: [2, 32, 1, 1],
    weight: [48, 16, 3, 3],
    options: { stride: 2, padding: 1, groups: 2 },
  },
  // More rows of padding than the image has.
  {
    name: '5×5 on one pixel',
    x: [2, 128, 1, 1],
    weight: [16, 128, 5, 5],
    options: { padding: 2 },
  },
  {
    name: '11×3 on 4 rows',
    x: [1, 160, 4, 2],
    weight: [7, 160, 11, 3],
    options: { padding: [5, 1] },
  },
  // Wide, with strides, and more than 16 rows of results.
  {
    name: 'depthwise 9×3, stride 2, many rows',
    x: [2, 16, 33, 7],
    weight: [16, 1, 9, 3],
    options: { stride: 2, padding: [4, 1], groups: 16 },
  },
  {
    name: 'depthwise 13×13, stride 2, many rows, with bias',
    x: [1, 3, 35, 9],
    weight: [3, 1, 13, 13],
    options: { stride: 2, padding: 6, groups: 3 },
    bias: true,
  },
  {
    name: 'depthwise 9×2, stride 2, many rows',
    x: [1, 24, 33, 7],
    weight: [24, 1, 9, 2],
    options: { stride: [2, 1], padding: [4, 1], groups: 24 },
  },
  { name: '2 groups', x: [2, 8, 6, 6], weight: [12, 4, 3, 3], options: { padding: 1, groups: 2 } },
];

/** Pointwise cases; their channels fill no whole tiles. */
const pointwise: ReadonlySet<string> = new Set([
  '1×1 with bias',
  '1×1 of 58 channels',
  '1×1, one side in whole tiles',
  '1×1, few channels, many pixels',
  '1×1 of 33 to 100 channels',
  '1×1 of one pixel',
]);

/** y, and the gradients of Σ y·r. */
function programOf({ x, weight, options, bias }: Case): Program {
  const graph = new Graph();
  const image = graph.input('x', x);
  const kernel = graph.input('weight', weight);
  const added = bias ? graph.input('bias', [weight[0]]) : undefined;
  const y = conv2d(image, kernel, added, options);
  const r = graph.input('r', y.shape);
  const [dx, dw, db] = gradients(sum(mul(y, r)), [image, kernel, ...(added ? [added] : [])]);
  return graph.program({ y, dx: dx!, dw: dw!, ...(db && { db }) });
}

function inputsOf(program: Program, name: string): Record<string, Float32Array> {
  const samples = new Samples(name);
  return Object.fromEntries(
    program.nodes.flatMap((node) =>
      node.kind === 'input'
        ? [[node.attributes.name, Float32Array.from(samples.floats(node.attributes.shape))]]
        : [],
    ),
  );
}

type Results = Record<string, Float32Array>;

/** A tensor's largest error beside its largest number. */
function errorOf(found: Float32Array, expected: Float32Array): number {
  assert.equal(found.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / largest;
}

const limits = { f32: 1e-5, bf16: 0.02 };
const passes = ['training', 'inputGradient', 'weightGradient'] as const;

/** The library, and the ways that it offers. */
class Subject {
  private readonly library = loadLibrary();
  private readonly dnnl = bindLibrary(this.library);
  private readonly machineCode = MachineCode.open(this.library, 2);
  private readonly settings: WaySettings;

  constructor(readonly activation: 'f32' | 'bf16') {
    limitThreads(this.library.handle, this.library.runtime, 2);
    const { block, fastBf16, hasTiles } = this.library;
    const usesKernels = this.machineCode !== undefined;
    this.settings = { traits: this.dnnl.traits, activation, block, usesKernels, fastBf16, hasTiles };
  }

  /** Whether there are kernels of our own for Winograd's algorithm. */
  get hasWinograd(): boolean {
    const { usesKernels, block } = this.settings;
    return usesKernels && (this.activation === 'f32' || block === 16);
  }

  /** Whether there are kernels of our own for 1×1. */
  get hasPointwise(): boolean {
    const { usesKernels, block, fastBf16 } = this.settings;
    return usesKernels && block === 16 && (this.activation === 'f32' || fastBf16);
  }

  /** Runs a program whose one convolution of a pass is computed in a way, the others as the library likes. */
  private run(program: Program, inputs: Results, choose: (convolution: Convolution) => ConvWay): Results {
    const plan = planProgram(this.dnnl, program, { ...this.settings, ways: { choose } });
    const { dnnl, machineCode } = this;
    const native = { dnnl, machineCode, communicator: soloCommunicator };
    const executable = new DnnlExecutable(native, poisoned(dnnl, plan), () =>
      assert.fail('there are no variables'),
    );
    const results = executable.run(inputs, { seed: 0, step: 0 });
    executable.close();
    return results as Results;
  }

  /** Results in every way of a pass that the library has. */
  *results(program: Program, inputs: Results, pass: Convolution['pass']): Generator<[string, Results]> {
    let names: readonly string[] = [''];
    for (let index = 0; index < names.length; index++) {
      const choose = (convolution: Convolution): ConvWay => {
        const ways = candidates(this.settings, convolution);
        if (convolution.pass !== pass) return ways[0]!;
        names = ways.map(nameOfWay);
        return ways[index]!;
      };
      try {
        const results = this.run(program, inputs, choose);
        yield [names[index]!, results];
      } catch (error) {
        if (!(error instanceof DnnlError)) throw error;
      }
    }
  }

  close(): void {
    this.machineCode?.close();
    this.dnnl.close();
  }
}

async function expectedOf(program: Program, inputs: Results): Promise<Results> {
  const engine = await createEngine('reference');
  const executable = await engine.compile(program);
  const copies = Object.entries(inputs).map(([name, values]) => [name, values.slice()] as const);
  const results = await executable.run(Object.fromEntries(copies));
  await engine.close();
  return results as Results;
}

for (const activation of ['f32', 'bf16'] as const) {
  const skip = await onednnMissing(activation);
  for (const one of cases) {
    test(`${one.name}, ${activation}`, { skip }, async () => {
      const program = programOf(one);
      const inputs = inputsOf(program, one.name);
      const expected = await expectedOf(program, inputs);
      const subject = new Subject(activation);
      for (const pass of passes) {
        const ways: string[] = [];
        for (const [way, results] of subject.results(program, inputs, pass)) {
          ways.push(way);
          for (const [name, values] of Object.entries(results)) {
            const error = errorOf(values, expected[name]!);
            assert.ok(error < limits[activation], `${pass}, ${way}: ${name} is off by ${error}`);
          }
        }
        const hasPass = pass === 'weightGradient' || activation === 'bf16';
        const isOwn = subject.hasPointwise && hasPass && pointwise.has(one.name);
        assert.equal(ways.includes(`own pointwise ${activation}`), isOwn, `${pass}: ${ways.join(', ')}`);
        const isWinograd =
          subject.hasWinograd && one.weight[0] === 32 && !(one.bias && pass === 'weightGradient');
        assert.equal(ways.includes('own winograd f32'), isWinograd, `${pass}: ${ways.join(', ')}`);
        const isGrouped = (one.options?.groups ?? 1) > 1;
        assert.ok(isGrouped || ways.includes(`product ${activation}`), `${pass}: ${ways.join(', ')}`);
        const isFilled = activation === 'bf16' && pass === 'weightGradient' && pointwise.has(one.name);
        assert.equal(ways.includes('product bf16 filled up'), isFilled, `${pass}: ${ways.join(', ')}`);
      }
      subject.close();
    });
  }
}
