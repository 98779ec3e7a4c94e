import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { onednnMissing } from '../support/onednn.js';
import { pythonPath, skipWithoutPython } from '../support/python.js';
import {
  largeTorchvisionModels,
  readTorchvisionGolden,
  type torchvisionModels,
} from '../support/torchvisionGolden.js';
import { torchvisionSuite } from '../support/torchvisionSuite.js';

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

type Name = (typeof torchvisionModels)[number];

function suite(model: Name, name: EngineName, limits: 'double' | 'float32'): void {
  torchvisionSuite(`${model} beside torchvision on ${name}`, {
    model,
    limits,
    engine: () => createEngine(name),
  });
}

/** The other small models are computed in double precision by `npm test`. */
for (const model of ['squeezenet1_1', 'mobilenet_v2', 'mnasnet1_0', 'efficientnet_b0'] as const)
  suite(model, 'reference', 'double');

const reason = await onednnMissing();
// `npm test` leaves these out: they take longer.
for (const model of largeTorchvisionModels) {
  if (reason) it(`${model} beside torchvision on onednn`, { skip: reason }, () => undefined);
  else suite(model, 'onednn', 'float32');
}
