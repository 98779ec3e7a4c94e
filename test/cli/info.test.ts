import assert from 'node:assert/strict';
import { test } from 'node:test';
import { biasloss } from './fixtures/process.js';

test('info names SkipblockNet’s variants, and prints the MACs beside the paper’s', async () => {
  for (const [width, parameters, macs, paper] of [
    ['xs', '2,707,816', '76.6', 80],
    ['0.75', '4,027,992', '170.7', 150],
    ['m', '5,532,352', '236.6', 246],
    ['l', '7,623,472', '388.6', 365],
  ] as const) {
    const { stdout, code } = await biasloss(['info', '--model=skipblocknet', `--width=${width}`]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      new RegExp(`\n${parameters} parameters, ${macs} million multiply-accumulates\n`),
      width,
    );
    assert.match(stdout, new RegExp(`\nthe paper says about ${paper} million for this width\n$`), width);
  }
  const wrong = await biasloss(['info', '--model=skipblocknet', '--width=xl']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /'xl' is invalid\. It must be xs, s, m, l or a number/);
});
