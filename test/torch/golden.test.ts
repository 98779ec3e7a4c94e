import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pythonPath, skipWithoutPython } from '../support/python.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const golden = join(process.env.BIASLOSS_SHARED ?? join(root, '../shared'), 'golden');
const skip = existsSync(golden) ? skipWithoutPython() : `${golden} is not there`;

// The cheapest model: in float64 the others take minutes. check_golden.py with no model named runs them all.
test('the PyTorch model that we compare with gives the golden numbers', { skip }, () => {
  const script = join(root, 'bench/pytorch/check_golden.py');
  const output = execFileSync(pythonPath(), [script, golden, 'shufflenetv2'], { encoding: 'utf8' });
  assert.equal(output.trim().split('\n').length, 16);
});
