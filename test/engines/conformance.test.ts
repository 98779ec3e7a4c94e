import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpKind } from '../../src/graph/op.js';
import { gradientRules } from '../../src/graph/ops/table.js';
import { conformanceCases } from './conformance/cases.js';
import { conformanceSuite, type Subject } from './conformance/suite.js';

const switched = 'a ReLU whose input is within bf16’s rounding of zero';

const subjects: readonly Subject[] = [
  { engine: 'reference' },
  { engine: 'onnx' },
  { engine: 'onednn', optional: true },
  {
    engine: 'onednn',
    precision: 'bf16',
    optional: true,
    exclusions: {
      'a convolution added to its own input': switched,
      'a dense block of two layers': switched,
      'convolution of many channels, normalisation and ReLU': switched,
    },
  },
];

for (const subject of subjects) await conformanceSuite(subject);

test('names of cases are unique', () => {
  const names = conformanceCases.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
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
