import assert from 'node:assert/strict';
import { it } from 'node:test';
import { byCodePoint } from '../src/codePointOrder.js';

it('texts are ordered by code point, as Python’s sorted() orders them', () => {
  // sorted(['😀', 'ｱ', 'ア', '𠀀', 'Ａ', 'a', 'B', '', 'ab', '\ue000', '￿', 'é', 'e\u0301', '😀a', '😀'])
  const expected = [
    '',
    'B',
    'a',
    'ab',
    'e\u0301',
    'é',
    'ア',
    '\ue000',
    'Ａ',
    'ｱ',
    '\uffff',
    '😀',
    '😀',
    '😀a',
    '𠀀',
  ];
  const shuffled = expected.map((_, i) => expected[(i * 7) % expected.length]!);
  assert.deepEqual(shuffled.sort(byCodePoint), expected);
});
