/** Objects of another realm, as test runners in VM contexts have them, are taken like the library's own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { createEngine } from '../src/engines/createEngine.js';
import { parseSafetensors } from '../src/formats/safetensors/parse.js';
import { serializeSafetensors } from '../src/formats/safetensors/serialize.js';
import { Graph } from '../src/graph/graph.js';
import { add } from '../src/graph/ops/elementwise.js';
import { crossEntropyLoss } from '../src/losses/crossEntropy.js';
import { createModel } from '../src/models/registry.js';
import { sgd } from '../src/optim/sgd.js';
import { codeOf, isArrayBuffer, isError, isMap, isSet, isUint8Array } from '../src/realms.js';
import { Learner } from '../src/train/learner.js';

const context = createContext({});

/** What an expression gives in another realm. */
function foreign<T>(expression: string): T {
  return runInContext(expression, context) as T;
}

describe('objects of another realm', () => {
  it('are told by their brand', () => {
    assert.ok(!(foreign('new Map()') instanceof Map), 'no other realm');
    assert.ok(isMap(foreign('new Map()')) && !isMap(foreign('new Set()')) && !isMap(new WeakMap()));
    assert.ok(isSet(foreign('new Set()')) && isArrayBuffer(foreign('new ArrayBuffer(1)')));
    assert.ok(!isArrayBuffer(new SharedArrayBuffer(1)));
    assert.ok(isUint8Array(Buffer.alloc(1)) && !isUint8Array(foreign('new Uint8ClampedArray(1)')));
    assert.ok(isError(foreign('new RangeError("x")')) && isError(new DOMException('x')) && !isError('x'));
    assert.equal(codeOf(foreign('Object.assign(new Error("x"), { code: "ENOENT" })')), 'ENOENT');
    assert.equal(codeOf({ code: 'ENOENT' }), undefined);
  });

  it('a constant of integers is i32, and one of floats is f32', () => {
    const graph = new Graph();
    assert.equal(graph.constant(foreign('new Int32Array([1, 2])'), [2]).dtype, 'i32');
    assert.equal(graph.constant(foreign('new Float32Array([1, 2])'), [2]).dtype, 'f32');
  });

  for (const name of ['reference', 'onnx'] as const) {
    it(`${name}: a program computes with constants, inputs and variables of them`, async () => {
      const graph = new Graph();
      const x = graph.input('x', [2]);
      const y = add(
        add(x, graph.variable('v', [2])),
        graph.constant(foreign('new Float32Array([1, 2])'), [2]),
      );
      const engine = await createEngine(name);
      try {
        const variables = await engine.variables([{ name: 'v', shape: [2], dtype: 'f32' }]);
        await variables.write(foreign('new Map([["v", new Float32Array([10, 20])]])'));
        const executable = await engine.compile(graph.program({ y }), { variables: [variables] });
        const outputs = await executable.run({ x: foreign('new Float32Array([100, 200])') });
        assert.deepEqual([...outputs.y!], [111, 222]);
      } finally {
        await engine.close();
      }
    });
  }
});

describe('training with arrays of another realm', () => {
  it('a learner steps and takes weights of them', async () => {
    const engine = await createEngine('onnx', { threads: 1 });
    try {
      const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 2, imageSize: 32 });
      const learner = await Learner.create({
        engine,
        model,
        loss: crossEntropyLoss(),
        optimizer: sgd(),
        batchSize: 2,
      });
      const images = 'new Float32Array(2 * 3 * 32 * 32).map((_, i) => Math.sin(i))';
      const batch = {
        images: foreign<Float32Array>(images),
        labels: foreign<Int32Array>('new Int32Array([0, 1])'),
      };
      const { loss } = await learner.step(batch, { learningRate: 0.1, step: 0 });
      assert.ok(loss > 0);
      const weights = await learner.stateDict();
      const other = foreign<Float32Array>('new Float32Array([3, 4])');
      await learner.loadStateDict(
        new Map([...weights, ['fc.bias', { dtype: 'f32', shape: [2], data: other }]]),
      );
      assert.deepEqual([...(await learner.stateDict()).get('fc.bias')!.data], [3, 4]);
    } finally {
      await engine.close();
    }
  });

  it('a file in bytes of them is read', () => {
    const data = new Uint8Array(Float32Array.of(7).buffer);
    const bytes = Buffer.concat(serializeSafetensors(new Map([['a', { dtype: 'f32', shape: [1], data }]])));
    const copy = foreign<(b: ArrayLike<number>) => Uint8Array>('(b) => Uint8Array.from(b)')(bytes);
    assert.equal(parseSafetensors(copy, 'a').tensors.size, 1);
  });
});
