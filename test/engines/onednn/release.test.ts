/** What oneDNN gave is given back: where compiling fails, and where programs and variables are closed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { DnnlBackend } from '../../../src/engines/onednn/backend.js';
import { bindLibrary } from '../../../src/engines/onednn/bindLibrary.js';
import { type Dnnl, DnnlError } from '../../../src/engines/onednn/dnnl.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import type { Primitive } from '../../../src/engines/onednn/primitiveSpec.js';
import { limitThreads } from '../../../src/engines/onednn/threading.js';
import { freeze } from '../../../src/graph/freeze.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { relu } from '../../../src/graph/ops/elementwise.js';
import { type Program, variablesOf } from '../../../src/graph/program.js';
import { onednnMissing } from '../../support/onednn.js';

const missing = await onednnMissing();

/** A library that counts what it made and has not been given back, and fails on demand. */
class Counting {
  readonly dnnl: Dnnl;
  primitives = 0;
  memories = 0;
  /** Calls of each kind until one fails. */
  readonly left = { primitive: Infinity, memory: Infinity, execute: Infinity };

  constructor(library: Dnnl) {
    const fails = (call: keyof Counting['left']): boolean => --this.left[call] < 0;
    this.dnnl = Object.assign(Object.create(library) as Dnnl, {
      primitive: (spec: Parameters<Dnnl['primitive']>[0]): Primitive => {
        if (fails('primitive')) throw new DnnlError('no more primitives');
        this.primitives++;
        return library.primitive(spec);
      },
      release: (primitive: Primitive): void => {
        this.primitives--;
        library.release(primitive);
      },
      memory: (...args: Parameters<Dnnl['memory']>): number => {
        if (fails('memory')) throw new DnnlError('no more memory');
        this.memories++;
        return library.memory(...args);
      },
      releaseMemory: (memory: number): void => {
        this.memories--;
        library.releaseMemory(memory);
      },
      execute: (...args: Parameters<Dnnl['execute']>): number =>
        fails('execute') ? 1 : library.execute(...args),
    });
  }
}

/** Two convolutions, with their weights as variables or built in: then a prologue brings those into oneDNN's layouts. */
function program(isFrozen: boolean): Program {
  const graph = new Graph();
  const x = graph.input('x', [2, 32, 8, 8]);
  const weights = ['a', 'b'].map((name) => graph.variable(name, [32, 32, 3, 3]));
  const hidden = relu(conv2d(x, weights[0]!, undefined, { padding: 1 }));
  const live = graph.program({ y: conv2d(hidden, weights[1]!, undefined, { padding: 1 }) });
  const values = ['a', 'b'].map((name) => [name, new Float32Array(32 * 32 * 9).fill(0.01)] as const);
  return isFrozen ? freeze(live, new Map(values)) : live;
}

function withBackend(use: (backend: DnnlBackend, counting: Counting) => void): void {
  const library = loadLibrary();
  const counting = new Counting(bindLibrary(library));
  const limit = limitThreads(library.handle, library.runtime, 1);
  const options = { threads: 1, precision: 'f32', choices: {} } as const;
  const backend = new DnnlBackend(library, counting.dnnl, options, limit);
  try {
    use(backend, counting);
  } finally {
    backend.close();
  }
}

describe('oneDNN', { skip: missing }, () => {
  // First: what others leave to the garbage collector would be counted.
  test('memory of variables and programs is given back at once', async () => {
    // The port by which memory is freed closes its other end in the background.
    await setTimeout(50);
    withBackend((backend) => {
      const bytes = (): number => process.memoryUsage().arrayBuffers;
      const before = bytes();
      const large = backend.variable({ shape: [2 ** 22], dtype: 'f32' });
      const graph = new Graph();
      const y = relu(graph.input('x', [2 ** 22]));
      const executable = backend.compile(graph.program({ y }), {
        variables: new Map(),
        frozen: false,
        precision: 'f32',
      });
      assert.ok(bytes() - before > 1.75 * 2 ** 24);
      executable.close();
      assert.ok(bytes() - before < 1.5 * 2 ** 24);
      large.dispose();
      assert.ok(bytes() - before < 2 ** 21, `${bytes() - before} bytes are left`);
    });
  });

  for (const frozen of [false, true]) {
    test(`a compile that fails anywhere leaves nothing${frozen ? ', with weights built in' : ''}`, () =>
      withBackend((backend, counting) => {
        const wanted = program(frozen);
        const variables = new Map(variablesOf(wanted).map((type) => [type.name, backend.variable(type)]));
        const compile = () => backend.compile(wanted, { variables, frozen, precision: 'f32' });
        const compiled = compile();
        const made = { primitive: counting.primitives, memory: counting.memories };
        assert.ok(made.primitive >= 2 && made.memory >= 4, JSON.stringify(made));
        compiled.close();
        const failures = [
          ...Array.from({ length: made.primitive }, (_, i) => ({ primitive: i })),
          ...Array.from({ length: made.memory }, (_, i) => ({ memory: i })),
          ...(frozen ? [{ execute: 0 }] : []),
        ];
        for (const failure of failures) {
          Object.assign(counting.left, failure);
          assert.throws(compile, DnnlError, JSON.stringify(failure));
          assert.deepEqual([counting.primitives, counting.memories], [0, 0], JSON.stringify(failure));
          Object.assign(counting.left, { primitive: Infinity, memory: Infinity, execute: Infinity });
        }
      }));
  }
});
