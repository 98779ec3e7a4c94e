/** Ways that were measured beside busy processes are taken only while the machine is busy. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { Choices } from '../../../src/engines/cache/choices.js';
import { Disturbance, KeptWays } from '../../../src/engines/onednn/tuning/keptWays.js';

const folder = mkdtempSync(join(tmpdir(), 'biasloss-kept-'));
after(() => rmSync(folder, { recursive: true }));

/** What a start of the engine knows, and whether other processes are busy at each look. */
function started(name: string, ...busy: boolean[]): KeptWays {
  return new KeptWays(new Choices(join(folder, name)), { look: () => busy.shift() ?? false });
}

test('a way that was measured on a quiet machine stays', () => {
  const first = started('quiet', true, false);
  assert.equal(first.get('conv'), undefined);
  first.begin();
  assert.equal(first.keep(new Map([['conv', 'direct']])), undefined);
  for (const busy of [true, false]) assert.equal(started('quiet', busy).get('conv'), 'direct');
});

test('one that was measured on a busy machine is taken while it is busy, and measured again when it is not', () => {
  const first = started('busy', false, true);
  first.begin();
  assert.match(first.keep(new Map([['conv', 'direct']])) ?? '', /^beside busy processes/);
  assert.equal(started('busy', true).get('conv'), 'direct');
  const quiet = started('busy', false, false, false);
  assert.equal(quiet.get('conv'), undefined);
  quiet.begin();
  assert.equal(quiet.keep(new Map([['conv', 'product']])), undefined);
  assert.equal(started('busy', true).get('conv'), 'product');
});

test('ways that cannot be kept are taken by this start alone, which says so', () => {
  writeFileSync(join(folder, 'file'), '');
  const path = join(folder, 'file', 'onednn', 'ways');
  for (const busy of [true, false]) {
    const ways = new KeptWays(new Choices(path), { look: () => busy });
    ways.begin();
    const remark = `could not be kept in ${dirname(path)}; each start measures again`;
    assert.equal(ways.keep(new Map([['conv', 'direct']])), remark);
    assert.equal(ways.get('conv'), 'direct');
  }
  assert.equal(new Choices(path).get('conv'), undefined);
  const nowhere = new KeptWays(new Choices(undefined), { look: () => false });
  nowhere.begin();
  assert.match(
    nowhere.keep(new Map([['conv', 'direct']])) ?? '',
    /^could not be kept: there is no home folder/,
  );
});

test('the verdict of a start holds for all its convolutions', () => {
  const first = started('all', false, true);
  first.begin();
  first.keep(
    new Map([
      ['a', 'direct'],
      ['b', 'product'],
    ]),
  );
  const next = started('all', true, false);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => next.get(key)),
    ['direct', 'product', undefined],
  );
});

test('processes disturb where they take more than the engine leaves, since the last look', () => {
  let now = 0;
  const others = [0.2, 1.2, 1.4, 0];
  const looks = (threads: number): boolean[] => {
    const load = [...others];
    const meter = { processors: 4, now: () => now, others: () => load.shift()! };
    const disturbance = new Disturbance(meter, threads);
    return others.map(() => {
      now += 1;
      return disturbance.look();
    });
  };
  assert.deepEqual(looks(4), [false, true, true, false]);
  assert.deepEqual(looks(3), [false, false, true, false]);
  assert.deepEqual(looks(6), [false, true, true, false]);
});

test('two looks at once say the same, as a system counts time too coarsely between them', () => {
  let now = 0;
  const load = [2, 0];
  const disturbance = new Disturbance({ processors: 2, now: () => now, others: () => load.shift()! }, 2);
  assert.equal(disturbance.look(), false);
  now = 1;
  assert.equal(disturbance.look(), true);
  now = 1.1;
  assert.equal(disturbance.look(), true);
  now = 2;
  assert.equal(disturbance.look(), false);
});
