/** Plans are timed on a device where no work is done. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Choices } from '../../../src/engines/cache/choices.js';
import type { Device, Ways } from '../../../src/engines/cuda/device.js';
import { LibraryError } from '../../../src/engines/cuda/native/libraryError.js';
import { OutOfDeviceMemory } from '../../../src/engines/cuda/native/outOfDeviceMemory.js';
import { chooseWay } from '../../../src/engines/cuda/native/ways.js';
import { releaseSteps } from '../../../src/engines/cuda/plan/plan.js';
import { choosePlan } from '../../../src/engines/cuda/planChoice.js';
import { Results } from '../../../src/engines/cuda/results.js';
import type { Program } from '../../../src/graph/program.js';
import { withoutCollectives } from '../../../src/graph/withoutCollectives.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { crossEntropyLoss } from '../../../src/losses/crossEntropy.js';
import type { Loss } from '../../../src/losses/loss.js';
import type { Model } from '../../../src/models/model.js';
import { createModel } from '../../../src/models/registry.js';
import { type SgdOptions, sgd } from '../../../src/optim/sgd.js';
import { trainProgram } from '../../../src/train/programs.js';
import { conformanceCases } from '../conformance/cases.js';
import { idleDevice } from './fixtures/idleDevice.js';
import { plannedDevice } from './fixtures/plannedDevice.js';

const parts = { unpack: { name: '' }, results: new Results() };

function choosing(device: Device, choose: <Way extends string>(ways: Ways<Way>) => Promise<Way>): Device {
  return { ...device, choose };
}

const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 100, imageSize: 32 });

function stepOf(of: Model, loss: Loss, options: SgdOptions, batch: number): Program {
  return withoutCollectives(trainProgram(of, loss, sgd(options), batch));
}

describe('a choice of a plan', () => {
  /** What the choice for a training is kept by. */
  async function keyOf(loss: Loss, options: SgdOptions, batch = 8, of = model): Promise<string> {
    let key = '';
    const device = choosing(plannedDevice(), async (ways) => {
      key = ways.key;
      return ways.byRule;
    });
    await choosePlan({ device, program: stepOf(of, loss, options, batch), arithmetic: 'bf16' }, parts);
    return key;
  }

  it('holds for a model and its shapes, whatever the loss and the optimiser', async () => {
    const options = { momentum: 0.9, weightDecay: 5e-4 };
    const key = await keyOf(crossEntropyLoss(), options);
    for (const beta of [0.3, 0.7]) assert.equal(await keyOf(biasLoss({ beta }), options), key);
    assert.equal(await keyOf(crossEntropyLoss({ labelSmoothing: 0.1 }), options), key);
    assert.equal(await keyOf(crossEntropyLoss(), { momentum: 0, weightDecay: 1e-4 }), key);
    assert.notEqual(await keyOf(crossEntropyLoss(), options, 16), key);
    const wider = createModel({ name: 'shufflenetv2', ratio: 1, classes: 100, imageSize: 32 });
    assert.notEqual(await keyOf(crossEntropyLoss(), options, 8, wider), key);
  });
});

describe('plans that are timed', () => {
  it('are those that differ, if only in the text of a kernel', async () => {
    const name = 'depthwise 5×5 with stride 1 on 16 channels of 9×9';
    const { program } = conformanceCases.find((each) => each.name === name)!;
    const { device, held } = idleDevice({});
    const times: number[] = [];
    const choose = async <Way extends string>({ ways, byRule, measure }: Ways<Way>): Promise<Way> => {
      for (const way of ways) times.push(await measure(way));
      return byRule;
    };
    const plan = await choosePlan({ device: choosing(device, choose), program, arithmetic: 'bf16' }, parts);
    releaseSteps(plan.steps);
    assert.deepEqual([times, held.size], [[1, 1, Number.POSITIVE_INFINITY], 0]);
  });
});

describe('plans on a card that is nearly full', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-full-'));
  after(() => rmSync(folder, { recursive: true }));
  // Its first convolution is a library's in every plan.
  const program = stepOf(model, crossEntropyLoss(), { momentum: 0.9 }, 8);

  const failures: Readonly<Record<string, Error>> = {
    capture: new OutOfDeviceMemory('cuGraphUpload'),
    run: new LibraryError('cudnnBackendExecute failed: CUDNN_STATUS_EXECUTION_FAILED'),
  };
  for (const [what, error] of Object.entries(failures))
    it(`are those of the rule where none can be timed, and nothing is left of the others: ${what}`, async () => {
      const path = join(folder, what);
      const fail = (): never => {
        throw error;
      };
      const { device, held } = idleDevice({ [what]: fail });
      const chosen: string[] = [];
      const choose = async <Way extends string>(ways: Ways<Way>): Promise<Way> => {
        const way = await chooseWay(new Choices(path), ways);
        chosen.push(way);
        return way;
      };
      const task = { device: choosing(device, choose), program, arithmetic: 'bf16' } as const;
      releaseSteps((await choosePlan(task, parts)).steps);
      assert.deepEqual([chosen, held.size, existsSync(path)], [['small'], 0, false]);
    });

  it('do not hide other errors', async () => {
    const { device } = idleDevice({
      capture: () => {
        throw new TypeError('a mistake');
      },
    });
    const task = { device: choosing(device, (ways) => chooseWay(new Choices(join(folder, 'none')), ways)) };
    await assert.rejects(choosePlan({ ...task, program, arithmetic: 'bf16' }, parts), TypeError);
  });
});
