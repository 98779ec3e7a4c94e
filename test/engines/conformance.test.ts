import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpKind } from '../../src/graph/op.js';
import { gradientRules } from '../../src/graph/ops/table.js';
import { conformanceCases } from './conformance/cases.js';
import { decisionsOf } from './conformance/kinks.js';
import { conformanceSuite, type Subject } from './conformance/suite.js';

const subjects: readonly Subject[] = [
  { engine: 'reference' },
  { engine: 'onnx' },
  { engine: 'wasm' },
  { engine: 'onednn', optional: true },
  { engine: 'onednn', precision: 'bf16', optional: true },
];

for (const subject of subjects) await conformanceSuite(subject);

test('names of cases are unique', () => {
  const names = conformanceCases.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

/** Two steps of bf16, which has 8 bits, at the largest value of a tensor. */
const LEAST_DISTANCE = 2 ** -7;

test('no case depends on how a processor rounds: what decides is away from where a function or derivative jumps', () => {
  const decisions = conformanceCases.flatMap((conformanceCase) =>
    decisionsOf(conformanceCase).map((decision) => ({ name: conformanceCase.name, ...decision })),
  );
  assert.ok(decisions.length >= 40, `${decisions.length} decisions`);
  assert.deepEqual(
    decisions.filter(({ distance }) => !(distance >= LEAST_DISTANCE)),
    [],
  );
});

/** `uniform` is among the behaviours. */
test('every operation is in a case', () => {
  const found = new Set<OpKind>(['uniform']);
  for (const { program } of conformanceCases) for (const { kind } of program.nodes) found.add(kind);
  assert.deepEqual(
    Object.keys(gradientRules).filter((kind) => !found.has(kind as OpKind)),
    [],
  );
});
