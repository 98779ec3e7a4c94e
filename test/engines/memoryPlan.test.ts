import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type BufferUse,
  type LaidBuffer,
  layOut,
  planMemory,
} from '../../src/engines/planning/memoryPlan.js';

/** A buffer whose row is still to be chosen. */
type OpenBuffer = { -readonly [K in keyof LaidBuffer]: LaidBuffer[K] };

/** Buffers of random sizes, steps that read and write some of them, and some that are pinned. */
const plans = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 20 }).chain((sizes) => {
  const index = fc.nat({ max: sizes.length - 1 });
  const some = fc.array(index, { maxLength: 4 });
  return fc.record({
    sizes: fc.constant(sizes),
    steps: fc.array(fc.record({ reads: some, writes: some }), { maxLength: 30 }),
    pinned: fc.array(index, { maxLength: 3 }),
    row: fc.uniqueArray(index, { maxLength: 4 }),
  });
});

test('buffers that are in use at the same time never overlap, and the arena holds them all', () => {
  fc.assert(
    fc.property(plans, ({ sizes, steps: uses, pinned, row }) => {
      const buffers = sizes.map((bytes, id): OpenBuffer => ({ id, bytes }));
      for (const id of row) buffers[id]!.row = row.map((each) => buffers[each]!);
      const steps = uses.map(
        ({ reads, writes }): BufferUse<LaidBuffer> => ({
          buffers: [...reads, ...writes].map((id) => buffers[id]!),
        }),
      );
      const plan = planMemory(steps, () => true, new Set(pinned.map((id) => buffers[id]!)));
      // Independent of the planner: byte by byte of time, which buffers hold something that is still wanted.
      const together = (id: number): readonly number[] => (row.includes(id) ? row : [id]);
      const usesOf = (id: number): number[] =>
        together(id).flatMap((each) =>
          uses.flatMap(({ reads, writes }, at) =>
            reads.includes(each) || writes.includes(each) ? [at] : [],
          ),
        );
      const isLive = (id: number, at: number): boolean =>
        together(id).some((each) => pinned.includes(each)) ||
        (usesOf(id).some((use) => use <= at) && usesOf(id).some((use) => use >= at));
      const laid = row.filter((id) => plan.offsets.has(id));
      laid.slice(1).forEach((id, i) => {
        const before = laid[i]!;
        assert.equal(plan.offsets.get(id), plan.offsets.get(before)! + Math.ceil(sizes[before]! / 64) * 64);
      });
      for (let at = 0; at < Math.max(steps.length, 1); at++) {
        const live = buffers
          .filter(({ id }) => isLive(id, at))
          .map(({ id, bytes }) => ({ start: plan.offsets.get(id)!, bytes }))
          .sort((a, b) => a.start - b.start);
        live.forEach(({ start, bytes }, i) => {
          assert.equal(start % 64, 0);
          assert.ok(start + bytes <= (live[i + 1]?.start ?? plan.bytes));
        });
      }
    }),
    { numRuns: 500 },
  );
});

test('memory is reused: a chain needs its two largest neighbours', () => {
  const buffers = [640, 64, 1280, 64, 640].map((bytes, id): LaidBuffer => ({ id, bytes }));
  const steps = buffers
    .slice(1)
    .map((buffer, i): BufferUse<LaidBuffer> => ({ buffers: [buffers[i]!, buffer] }));
  assert.equal(planMemory(steps, () => true).bytes, 1344);
  assert.equal(layOut(buffers).bytes, 2688);
});
