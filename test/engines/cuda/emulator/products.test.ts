import { describe, it } from 'node:test';
import type { StorageType, StridedTensor } from '../../../../src/engines/cuda/device.js';
import { matmulKernels } from '../../../../src/engines/reference/kernels/matmul.js';
import type { Shape } from '../../../../src/graph/tensorType.js';
import { openEmulator, withoutEmulator } from './device.js';

import { allocate, assertNear, MANTISSA, read, samples, stridesOf, toBits } from './fixtures/tensors.js';

describe('products of the emulator', { skip: withoutEmulator() }, () => {
  const [rows, inner, columns] = [5, 7, 3];
  for (const type of ['f32', 'bf16'] as const)
    for (const [orderA, orderB] of [
      [
        [0, 1],
        [0, 1],
      ],
      [
        [1, 0],
        [0, 1],
      ],
      [
        [0, 1],
        [1, 0],
      ],
    ] as const)
      it(`${type}, axes in memory ${orderA} and ${orderB}`, () => {
        const device = openEmulator({ prelude: '' });
        const tensor = (kind: StorageType, shape: Shape, order: readonly number[]): StridedTensor => ({
          type: kind,
          shape,
          strides: stridesOf(shape, order),
        });
        const a = tensor(type, [rows, inner], orderA);
        const b = tensor(type, [inner, columns], orderB);
        const c = tensor('f32', [rows, columns], [0, 1]);
        const bits = MANTISSA[type];
        const left = samples(rows * inner, 1).map((value) => toBits(value, bits));
        const right = samples(inner * columns, 2).map((value) => toBits(value, bits));
        const pointers = {
          a: allocate(device, a, left),
          b: allocate(device, b, right),
          c: allocate(device, c),
        };
        const prepared = device.product({ a, b, c, arithmetic: type });
        const workspace = device.allocate(prepared.workspaceBytes);
        const graph = device.capture(() => prepared.run(pointers, workspace));
        graph.launch();
        const expected = { shape: c.shape, data: new Float64Array(rows * columns) };
        const operands = [
          { shape: a.shape, data: left },
          { shape: b.shape, data: right },
        ];
        matmulKernels.matmul({ transposeA: false, transposeB: false }, operands, [expected]);
        assertNear(read(device, pointers.c, c), expected.data, 1e-6);
        graph.close();
        prepared.close();
        for (const pointer of [...Object.values(pointers), workspace]) device.free(pointer);
        device.close();
      });
});
