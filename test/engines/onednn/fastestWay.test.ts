/** Which way is taken of those that were timed, some of them while another process was busy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastestWay, type TimedWay } from '../../../src/engines/onednn/tuning/measure.js';
import { type ConvWay, nameOfWay } from '../../../src/engines/onednn/ways/way.js';

const rule: ConvWay = { kind: 'library', algorithm: 'direct', type: 'f32', layout: 'any' };
const product: ConvWay = { kind: 'product', type: 'f32', turned: false, filled: false };
const own: ConvWay = { kind: 'ownWinograd' };
const ways = [rule, product, own];

/** Takes times by way, one row for each measurement; a way without a time does not work. */
function chosen(...rows: readonly Readonly<Record<string, number>>[]): {
  readonly way: ConvWay | undefined;
  readonly measured: readonly string[][];
} {
  const measured: string[][] = [];
  const time = (some: readonly ConvWay[]): TimedWay[] => {
    const row = rows[measured.length]!;
    measured.push(some.map(nameOfWay));
    return some
      .flatMap((way) => {
        const milliseconds = row[nameOfWay(way)];
        return milliseconds === undefined ? [] : [{ way, milliseconds }];
      })
      .sort((a, b) => a.milliseconds - b.milliseconds);
  };
  return { way: fastestWay(ways, rule, time), measured };
}

test('the rule’s way is taken at once where it is the fastest', () => {
  const { way, measured } = chosen({ 'direct f32': 1, 'product f32': 2, 'own winograd f32': 3 });
  assert.equal(way, rule);
  assert.equal(measured.length, 1);
});

test('the rule’s way is timed first, whatever its place', () => {
  const measured: string[][] = [];
  fastestWay([product, own, rule], rule, (some) => {
    measured.push(some.map(nameOfWay));
    return [];
  });
  assert.deepEqual(measured, [['direct f32', 'product f32', 'own winograd f32']]);
});

test('another way is taken that is faster the second time, too', () => {
  const { way, measured } = chosen(
    { 'direct f32': 2, 'product f32': 1, 'own winograd f32': 3 },
    { 'direct f32': 1.9, 'product f32': 1.1 },
  );
  assert.equal(way, product);
  assert.deepEqual(measured[1], ['direct f32', 'product f32']);
});

test('the rule’s way is taken where it was only disturbed, or is as fast', () => {
  const disturbed = chosen({ 'direct f32': 16, 'product f32': 8 }, { 'direct f32': 6, 'product f32': 8 });
  assert.equal(disturbed.way, rule);
  const equal = chosen({ 'direct f32': 1.02, 'product f32': 1 }, { 'direct f32': 1.02, 'product f32': 1 });
  assert.equal(equal.way, rule);
});

test('another way is taken where the rule’s does not work, and none where none works', () => {
  assert.equal(chosen({ 'own winograd f32': 3 }, { 'own winograd f32': 3 }).way, own);
  assert.equal(chosen({}).way, undefined);
});
