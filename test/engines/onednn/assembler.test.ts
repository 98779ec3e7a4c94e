/** Machine code for AVX2 and AVX512 beside what GNU's assembler makes of the same instructions, displacements of 32 bits wanted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Assembler, GPR } from '../../../src/engines/onednn/kernels/assembler.js';

const { rax, rcx, rbp, rsi, rsp, r8, r9, r10, r12, r13, r15 } = GPR;

const cases: readonly (readonly [instruction: string, emit: (asm: Assembler) => void, bytes: string])[] = [
  ['vmovups zmm3, [r8+64]', (asm) => asm.load(3, { base: r8, offset: 64 }), '62d17c48109840000000'],
  [
    'vmovups zmm29{k2}{z}, [rsi+256]',
    (asm) => asm.load(29, { base: rsi, offset: 256 }, 2),
    '62617cca10ae00010000',
  ],
  ['vmovups [r13-64], zmm17', (asm) => asm.store({ base: r13, offset: -64 }, 17), '62c17c48118dc0ffffff'],
  [
    'vmovups [rsp+128]{k1}, zmm8',
    (asm) => asm.store({ base: rsp, offset: 128 }, 8, 1),
    '62717c4911842480000000',
  ],
  ['vmovaps zmm30, zmm9', (asm) => asm.move(30, 9), '62417c4828f1'],
  ['vaddps zmm1, zmm18, zmm31', (asm) => asm.vector('add', 1, 18, 31), '62916c4058cf'],
  ['vxorps zmm16, zmm16, zmm16', (asm) => asm.vector('xor', 16, 16, 16), '62a17c4057c0'],
  [
    'vmaxps zmm5, zmm6, [rbp+4]',
    (asm) => asm.vector('max', 5, 6, { base: rbp, offset: 4 }),
    '62f14c485fad04000000',
  ],
  [
    'vfmadd231ps zmm31, zmm2, dword ptr [r9+12]{1to16}',
    (asm) => asm.multiplyAddFloat(31, 2, { base: r9, offset: 12 }),
    '62426d58b8b90c000000',
  ],
  ['vfmadd231ps zmm8, zmm25, zmm10', (asm) => asm.multiplyAdd(8, 25, 10), '62523540b8c2'],
  [
    'vbroadcastss zmm20, [r12+8]',
    (asm) => asm.broadcast(20, { base: r12, offset: 8 }),
    '62c27d4818a42408000000',
  ],
  ['vsqrtps zmm2, zmm23', (asm) => asm.squareRoot(2, 23), '62b17c4851d7'],
  ['prefetcht0 [r9+64]', (asm) => asm.prefetch({ base: r9, offset: 64 }, 1), '410f188940000000'],
  ['prefetcht1 [rsi+4096]', (asm) => asm.prefetch({ base: rsi, offset: 4096 }, 2), '0f189600100000'],
  [
    'cmp r10, 1000; jae over vmovaps zmm30, zmm9',
    (asm) => {
      const jump = asm.jumpUnlessBelow(r10, 1000);
      asm.move(30, 9);
      asm.land(jump);
    },
    '4981fae80300000f830600000062417c4828f1',
  ],
  [
    'jmp over vmovaps zmm30, zmm9',
    (asm) => {
      const jump = asm.jump();
      asm.move(30, 9);
      asm.land(jump);
    },
    'e90600000062417c4828f1',
  ],
  ['vmovaps zmm2{k2}{z}, zmm18', (asm) => asm.move(2, 18, 2), '62b17cca28d2'],
  ['vmovntps [r9+64], zmm1', (asm) => asm.stream({ base: r9, offset: 64 }, 1), '62d17c482b8940000000'],
  ['sfence', (asm) => asm.endStreaming(), '0faef8'],
  [
    'vpermps zmm5{k2}{z}, zmm20, [r10+64]',
    (asm) => asm.permute(5, 20, { base: r10, offset: 64 }, { mask: 2, zeroing: true }),
    '62d25dc216aa40000000',
  ],
  [
    'vpermps zmm5{k3}, zmm20, [r10+64]',
    (asm) => asm.permute(5, 20, { base: r10, offset: 64 }, { mask: 3 }),
    '62d25d4316aa40000000',
  ],
  ['vcmpnleps k2, zmm1, zmm31', (asm) => asm.notAtMost(2, 1, 31), '62917448c2d706'],
  ['mov [rbp-8], rcx', (asm) => asm.storeRegister({ base: rbp, offset: -8 }, rcx), '48898df8ffffff'],
  // GNU's assembler leaves out a bit of the prefix that has no effect, 41ff9738000000: the same instruction.
  ['call [r15+56]', (asm) => asm.call({ base: r15, offset: 56 }), '49ff9738000000'],
  ['kmovw k3, r10d', (asm) => asm.setMask(3, r10), 'c4c17892da'],
  // GNU's assembler takes the shorter prefix, c5f892c8: the same instruction.
  ['kmovw k1, eax', (asm) => asm.setMask(1, rax), 'c4e17892c8'],
  ['vpmovzxwd zmm17, [r9+64]', (asm) => asm.widenWords(17, { base: r9, offset: 64 }), '62c27d48338940000000'],
  ['vpmovzxwd zmm3, ymm30', (asm) => asm.widenWords(3, 30), '62927d4833de'],
  ['vpmovdw ymm30, zmm3', (asm) => asm.narrowWords(30, 3), '62927e4833de'],
  ['vcvtneps2bf16 ymm2, zmm19', (asm) => asm.roundToBf16(2, 19), '62b27e4872d3'],
  [
    'vcvtneps2bf16 ymm18, [r10+64]',
    (asm) => asm.roundToBf16(18, { base: r10, offset: 64 }),
    '62c27e48729240000000',
  ],
  ['vpslld zmm20, zmm5, 16', (asm) => asm.shiftLeft(20, 5, 16), '62f15d4072f510'],
  ['vpsrld zmm5, zmm20, 16', (asm) => asm.shiftRight(5, 20, 16), '62b1554872d410'],
  ['vpaddd zmm31{k7}, zmm30, zmm1', (asm) => asm.addIntegers(31, 30, 1, 7), '62610d47fef9'],
  [
    'vpaddd zmm1, zmm17, [r15+144]',
    (asm) => asm.addIntegers(1, 17, { base: r15, offset: 144 }),
    '62d17540fe8f90000000',
  ],
  ['vcmpordps k7, zmm18, zmm18', (asm) => asm.areNumbers(7, 18), '62b16c40c2fa07'],
  ['vmovups ymm9, [r8+32]', (asm) => asm.loadHalf(9, { base: r8, offset: 32 }), 'c4417c108820000000'],
  ['vmovups [r8+32], ymm9', (asm) => asm.storeHalf({ base: r8, offset: 32 }, 9), 'c4417c118820000000'],
  ['vmovntps [r8+32], ymm9', (asm) => asm.streamHalf({ base: r8, offset: 32 }, 9), 'c4417c2b8820000000'],
  [
    'vpermw zmm5{k2}{z}, zmm20, [r10+64]',
    (asm) => asm.permuteWords(5, 20, { base: r10, offset: 64 }, { mask: 2, zeroing: true, half: false }),
    '62d2ddc28daa40000000',
  ],
  [
    'vpermw ymm5{k3}, ymm20, [r10+64]',
    (asm) => asm.permuteWords(5, 20, { base: r10, offset: 64 }, { mask: 3, half: true }),
    '62d2dd238daa40000000',
  ],
  ['kmovd k3, r10d', (asm) => asm.setWideMask(3, r10), 'c4c17b92da'],
  ['vdpbf16ps zmm21, zmm2, zmm30', (asm) => asm.multiplyAddPairs(21, 2, 30), '62826e4852ee'],
  [
    'vdpbf16ps zmm8, zmm25, [r9+128]',
    (asm) => asm.multiplyAddPairs(8, 25, { base: r9, offset: 128 }),
    '62523640528180000000',
  ],
  // GNU's assembler takes the shorter prefix, c5fb92d0: the same instruction.
  ['kmovd k2, eax', (asm) => asm.setWideMask(2, rax), 'c4e17b92d0'],
];

const cases256: typeof cases = [
  [
    'vpermps ymm5, ymm9, [r10+64]',
    (asm) => asm.permute(5, 9, { base: r10, offset: 64 }),
    'c4c23516aa40000000',
  ],
  ['vmovntps [r9+32], ymm1', (asm) => asm.stream({ base: r9, offset: 32 }, 1), 'c4c17c2b8920000000'],
  ['vcmpnleps ymm1, ymm1, ymm15', (asm) => asm.notAtMost(1, 1, 15), 'c4c174c2cf06'],
  [
    'vandps ymm2, ymm1, [r9+32]',
    (asm) => asm.vector('and', 2, 1, { base: r9, offset: 32 }),
    'c4c174549120000000',
  ],
];

describe('AVX2', () => {
  for (const [instruction, emit, bytes] of cases256)
    it(instruction, () => {
      const asm = new Assembler(8);
      emit(asm);
      assert.equal(Buffer.from(asm.code()).toString('hex'), bytes);
    });
});

describe('AVX512', () => {
  for (const [instruction, emit, bytes] of cases)
    it(instruction, () => {
      const asm = new Assembler(16);
      emit(asm);
      assert.equal(Buffer.from(asm.code()).toString('hex'), bytes);
    });

  it('is needed for a factor that an instruction repeats', () => {
    assert.throws(() => new Assembler().multiplyAddFloat(1, 2, { base: r8, offset: 0 }), /AVX512/);
  });
});
