import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { onednnMissing } from '../support/onednn.js';
import { pythonPath, skipWithoutPython } from '../support/python.js';
import { readTorchvisionGolden, torchvisionModels } from '../support/torchvisionGolden.js';
import { exactEvaluationTest, torchvisionSuite } from '../support/torchvisionSuite.js';

const script = fileURLToPath(new URL('../../../bench/pytorch/torchvision_golden.py', import.meta.url));

it('torchvision gives the golden numbers', { skip: skipWithoutPython() }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'biasloss-golden-'));
  try {
    const model = 'mobilenet_v3_small';
    execFileSync(pythonPath(), [script, folder, model]);
    const found = JSON.parse(readFileSync(join(folder, `${model}.json`), 'utf8')) as typeof kept;
    const kept = readTorchvisionGolden(model);
    for (const part of ['state_dict', 'parameters', 'eval', 'train', 'sgd'] as const)
      assertClose(found[part], kept[part], part);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Nine digits are kept. */
function assertClose(found: unknown, kept: unknown, path: string): void {
  if (typeof kept !== 'object' || kept === null) {
    if (typeof kept !== 'number' || typeof found !== 'number') assert.equal(found, kept, path);
    else assert.ok(Math.abs(found - kept) <= 1e-7 * Math.max(1e-6, Math.abs(kept)), `${path}: ${found}`);
    return;
  }
  const values: Readonly<Record<string, unknown>> = { ...kept };
  const others: Readonly<Record<string, unknown>> = { ...(found as object) };
  for (const [key, value] of Object.entries(values)) assertClose(others[key], value, `${path}.${key}`);
}

for (const model of torchvisionModels) {
  describe(`${model} beside torchvision in double precision`, () => exactEvaluationTest(model));
  for (const name of ['onnx', 'onednn', 'reference'] as const satisfies EngineName[]) {
    const title = `${model} beside torchvision on ${name}`;
    const reason = name === 'onednn' && (await onednnMissing());
    if (reason) it(title, { skip: reason }, () => undefined);
    else
      torchvisionSuite(title, {
        model,
        limits: name === 'reference' ? 'double' : 'float32',
        engine: () => createEngine(name),
      });
  }
}
