/** Numbers that machine code rounds to bf16, by the processor's instruction and by integers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import koffi from 'koffi';
import { GPR } from '../../../src/engines/onednn/kernels/assembler.js';
import { ARGUMENT, compileKernel } from '../../../src/engines/onednn/kernels/kernel.js';
import { MachineCode } from '../../../src/engines/onednn/kernels/machineCode.js';
import { emitLoad, emitStore, type Format } from '../../../src/engines/onednn/kernels/numbers.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { onednnMissing } from '../../support/onednn.js';
import { roundedToBf16 } from './fixtures/bf16.js';

const missing = await onednnMissing();
const bitsOf = (numbers: Float32Array): Uint32Array => new Uint32Array(numbers.buffer);

/** Ties to both sides, carries into the exponent and beyond the largest number, zeros, infinities, and what is no number. */
const numbers = new Float32Array(
  Uint32Array.of(
    ...[0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x3fff8000, 0x7f7fffff, 0xff7f8000, 0x00800000],
    ...[0, 0x80000000, 0x7f800000, 0xff800000, 0x7fffffff, 0xffffffff, 0x7fc00000, 0xc2f70a3d],
  ).buffer,
);

describe('rounding to bf16', { skip: missing }, () => {
  const formats: Format[] =
    missing === false && loadLibrary().fastBf16 ? ['bf16', 'bf16ByIntegers'] : ['bf16ByIntegers'];
  for (const format of formats)
    it(format, (t) => {
      const library = loadLibrary();
      const code = library.block === 16 ? MachineCode.open(library, 1) : undefined;
      if (!code) {
        t.skip('kernels of our own cannot run here');
        return;
      }
      const kernel = compileKernel({ units: 1, stackBytes: 0, lanes: 16 }, (asm, constants) => {
        asm.loadRegister(GPR.r8, { base: GPR.r15, offset: ARGUMENT.src });
        asm.loadRegister(GPR.r9, { base: GPR.r15, offset: ARGUMENT.dst });
        asm.load(0, { base: GPR.r8, offset: 0 });
        emitStore(asm, constants, { format }, { base: GPR.r9, offset: 0 }, 0);
        emitLoad(asm, format, 1, { base: GPR.r9, offset: 0 });
        asm.store({ base: GPR.r9, offset: 32 }, 1);
      });
      const found = new ArrayBuffer(96);
      const address = (buffer: ArrayBufferLike): number => Number(koffi.address(buffer));
      code.prepare(kernel, { src: address(numbers.buffer), dst: address(found) })();
      code.close();
      const rounded = new Uint16Array(found, 0, 16);
      const widened = new Float32Array(found, 32, 16);
      assert.deepEqual(
        [...new Uint32Array(found, 32, 16)],
        [...rounded].map((word) => word * 2 ** 16),
      );
      const expected = roundedToBf16(numbers);
      for (let i = 0; i < 16; i++)
        if (Number.isNaN(numbers[i])) assert.ok(Number.isNaN(widened[i]), `number ${i}`);
        else
          assert.equal(
            bitsOf(widened.slice(i, i + 1))[0],
            bitsOf(expected.slice(i, i + 1))[0],
            `number ${i}`,
          );
    });
});
