import assert from 'node:assert/strict';
import { test } from 'node:test';
import { families, modelNames } from '../../src/models/registry.js';
import { launchers, rankProgram, recordsOf, runRanks } from './support.js';

interface Compared {
  readonly rank: number;
  readonly results: Readonly<
    Record<string, { readonly loss: number; readonly expected: number; readonly apart: number }>
  >;
}

/** The first model of each family. */
const firsts = [
  ...new Map([...modelNames].reverse().map((name) => [families.declarationOf(name)!.family, name])).values(),
].reverse();

const launcher = launchers.find(({ skip }) => skip === undefined);
const skip = launcher ? false : launchers[0]!.skip!;

test('two ranks have one rank’s loss and gradients of the first step, on every family', {
  skip,
}, async () => {
  const args = [rankProgram('families'), ...firsts];
  const ranks = recordsOf<Compared>(await runRanks(launcher!, 2, args, { timeout: 600_000 }));
  const results = Object.assign({}, ...ranks.map((each) => each.results)) as Compared['results'];
  assert.deepEqual(Object.keys(results).sort(), [...firsts].sort());
  for (const [name, { loss, expected, apart }] of Object.entries(results)) {
    assert.ok(
      Math.abs(loss - expected) <= 1e-6 * Math.abs(expected),
      `${name}: loss ${loss}, not ${expected}`,
    );
    assert.ok(apart <= 1e-6, `${name}: gradients are ${apart} apart`);
  }
});
