import type { Assembler, Register } from './assembler.js';

/** Emits something as often as told, counted in a register, which is not used where that is once. */
export function emitLoop(asm: Assembler, counter: Register, rounds: number, emit: () => void): void {
  if (rounds === 0) return;
  if (rounds > 1) asm.set(counter, rounds);
  const begin = asm.position;
  emit();
  if (rounds > 1) asm.loopBack(counter, begin);
}

/** Emits a number of things, so many at once in a loop, and then those that are left. */
export function emitRounds(
  asm: Assembler,
  counter: Register,
  [count, together]: readonly [number, number],
  emit: (some: number) => void,
): void {
  emitLoop(asm, counter, Math.floor(count / together), () => emit(together));
  if (count % together > 0) emit(count % together);
}
