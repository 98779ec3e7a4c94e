import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import koffi from 'koffi';
import { fakeCards, numbered, withoutFakeDriver } from './fixtures/fakeDriver.js';

const skip = withoutFakeDriver();
const { open, set } = fakeCards();

/**
 * Steps that each read what came while the one before ran, and write it to a place of their own, in any order that the device's streams
 * may take.
 *
 * @returns whether every step has read its own input
 */
function stepsBesideUploads(seed: number, steps: number, bytes: number): boolean {
  set({ LAZY: String(seed) });
  const device = open();
  const arrivals = device.arrivals();
  const [waiting, input, results] = [bytes, bytes, steps * bytes].map((size) => device.allocate(size)) as [
    number,
    number,
    number,
  ];
  const inputs = Array.from({ length: steps }, (_, step) => numbered(bytes, 17 * step));
  const send = (step: number): void => {
    const data = inputs[step]!.slice();
    arrivals.upload(waiting, data);
    data.fill(0);
  };
  send(0);
  for (let step = 0; step < steps; step++) {
    arrivals.take(() => device.copy(input, waiting, bytes));
    device.copy(results + step * bytes, input, bytes);
    if (step + 1 < steps) send(step + 1);
  }
  const found = new Uint8Array(steps * bytes);
  device.download(results, found);
  arrivals.close();
  for (const pointer of [waiting, input, results]) device.free(pointer);
  device.close();
  return inputs.every((expected, step) =>
    Buffer.from(found.subarray(step * bytes, (step + 1) * bytes)).equals(expected),
  );
}

describe('uploads beside the work of a device', { skip }, () => {
  it('wait for the work that reads what is there, as that waits for them', () => {
    for (let seed = 1; seed <= 40; seed++)
      assert.ok(stepsBesideUploads(seed, 6, 1000), `in the order of seed ${seed}`);
  });

  it('do not wait for the rest of the step that runs', () => {
    const beforeItsEnd = Array.from({ length: 20 }, (_, seed) => {
      set({ LAZY: String(seed + 1) });
      const device = open();
      const arrivals = device.arrivals();
      const [waiting, input, result] = [8, 8, 8].map((bytes) => device.allocate(bytes)) as [
        number,
        number,
        number,
      ];
      for (const pointer of [waiting, input, result]) device.clear(pointer, 8);
      device.synchronize();
      arrivals.take(() => device.copy(input, waiting, 8));
      for (let work = 0; work < 20; work++) device.upload(result, Uint8Array.of(work + 1));
      arrivals.upload(waiting, Uint8Array.of(7));
      // Waits for uploads alone.
      arrivals.close();
      const first = (pointer: number): number => new Uint8Array(koffi.view(BigInt(pointer), 8))[0]!;
      assert.equal(first(waiting), 7);
      const isBefore = first(result) < 20;
      device.synchronize();
      assert.equal(first(result), 20);
      for (const pointer of [waiting, input, result]) device.free(pointer);
      device.close();
      return isBefore;
    });
    assert.ok(beforeItsEnd.includes(true));
  });

  it('may be larger than the memory that they go through', () => {
    for (let seed = 1; seed <= 3; seed++)
      assert.ok(stepsBesideUploads(seed, 3, 40_000_000), `in the order of seed ${seed}`);
  });
});

/**
 * Steps that write over what the ones before them have written, and whose results come back while the next one may already run.
 *
 * @param waits whether results are waited for, instead of asked for
 * @returns whether all results are those of their steps
 */
function resultsBesideSteps(seed: number, sizes: readonly number[], waits: boolean): boolean {
  set({ LAZY: String(seed) });
  const device = open();
  const pointers = sizes.map((size) => device.allocate(size));
  const expected = (step: number): Uint8Array[] => sizes.map((size) => numbered(size, 13 * step));
  const read = (): Uint8Array[] => sizes.map((size) => new Uint8Array(size));
  const begin = (step: number) => {
    for (const [i, data] of expected(step).entries()) device.upload(pointers[i]!, data);
    const results = read();
    const delivery = device.deliver(results.map((data, i) => ({ pointer: pointers[i]!, data })));
    return { step, results, delivery };
  };
  const isRight = ({ step, results, delivery }: ReturnType<typeof begin>): boolean => {
    if (waits) delivery.wait();
    while (!delivery.isDone());
    return expected(step).every((data, i) => Buffer.from(results[i]!).equals(data));
  };
  let before = begin(0);
  let areRight = true;
  for (let step = 1; step < 6; step++) {
    const next = begin(step);
    areRight = isRight(before) && areRight;
    before = next;
  }
  areRight = isRight(before) && areRight;
  for (const pointer of pointers) device.free(pointer);
  device.close();
  return areRight;
}

describe('results that come back beside the work of a device', { skip }, () => {
  it('are those of their step, though the next one writes over them', () => {
    for (let seed = 1; seed <= 40; seed++)
      assert.ok(resultsBesideSteps(seed, [4, 4, 100, 1], seed % 2 === 0), `in the order of seed ${seed}`);
  });

  it('may be larger than the memory that they come through', () => {
    for (let seed = 1; seed <= 2; seed++) assert.ok(resultsBesideSteps(seed, [5_000_000, 4], false));
  });

  it('are not there before the work is done', () => {
    set({ LAZY: '3' });
    const device = open();
    const pointer = device.allocate(4);
    for (let value = 0; value < 20; value++) device.upload(pointer, Uint8Array.of(value, 0, 0, 0));
    const data = new Uint8Array(4);
    const delivery = device.deliver([{ pointer, data }]);
    assert.ok(!delivery.isDone());
    assert.equal(data[0], 0);
    delivery.wait();
    assert.equal(data[0], 19);
    assert.ok(delivery.isDone());
    device.free(pointer);
    device.close();
  });
});
