import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { relativeDifference } from '../../bench/agreement.js';
import { familiesText, missingPackage, timeFamilies } from '../../bench/families/run.js';
import { type FamilyRow, familiesTable } from '../../bench/families/table.js';
import { familyModels, parseModel } from '../../bench/models.js';
import { speedRatio } from '../../bench/statistics.js';
import { families } from '../../src/models/registry.js';
import { measured } from './measured.js';

const [ours, pytorch] = [measured('ours', 'f32', 2), measured('pytorch', 'f32', 8)];
const row: FamilyRow = {
  model: 'mobilenet_v2',
  parameters: 3504872,
  macs: 300.8e6,
  difference: 3e-7,
  train: { ours, pytorch, ratio: speedRatio(ours.seconds, pytorch.seconds) },
  eval: { ours },
};

describe('the table of families', () => {
  test('has sizes, agreement, speeds and memory of each model', () => {
    const [header, rule, line, other] = familiesTable([row, { ...row, difference: 0.01, eval: {} }]).split(
      '\n',
    );
    assert.match(header!, /^\| model \| parameters \| million MACs \|/);
    assert.equal(rule!.split('|').length, header!.split('|').length);
    assert.equal(
      line,
      '| mobilenet_v2 | 3,504,872 | 300.8 | yes (3e-7) | 32.0 | 8.00 | 4.00 | 32.0 | – | – | 1 / 1 | 1 / – |',
    );
    assert.match(other!, /\| no \(1e-2\) \|.*\| – \/ – \|$/);
  });

  test('says what is missing, what failed, and that the machine was busy', () => {
    const missing = new Map([['python3 has no package timm', ['lcnet_100', 'ghostnet_100']]]);
    const report = { rows: [row], missing, failures: ['this'], versions: ['A', 'B'], busy: 0.5 };
    const text = familiesText(report);
    assert.match(text, /^A; B\n\n\| model/);
    assert.match(text, /\npython3 has no package timm, which is needed for lcnet_100, ghostnet_100\n/);
    assert.match(text, /\nwarning: other processes took up to 50% of the processors\nfailed: this$/);
    const quiet = familiesText({ ...report, missing: new Map(), failures: [], busy: 0.01 });
    assert.doesNotMatch(quiet, /warning|failed|has no package/);
  });

  test('names the package of Python’s message, and the Python', () => {
    const failed = 'm train, PyTorch of /usr/bin/python3 f32 contiguous: ';
    const missing = { python: '/usr/bin/python3', name: 'timm' };
    assert.deepEqual(missingPackage(`${failed}ModuleNotFoundError: No module named 'timm'`), missing);
    assert.equal(missingPackage(`${failed}RuntimeError: out of memory`), undefined);
  });

  test('has a model of each family whose images have 224 pixels and that torchvision or timm has', () => {
    const titles = new Set(
      familyModels.map((name) => families.declarationOf(parseModel(name).workload.model)!.family.title),
    );
    const all = families.names.map((name) => families.declarationOf(name)!);
    for (const { family, imageSize } of all)
      if (imageSize >= 224 && /torchvision|timm/.test(family.title))
        assert.ok(titles.has(family.title), family.title);
  });

  test('times this library alone', async () => {
    const models = [{ ...parseModel('shufflenetv2-0.5'), batch: 2 }];
    const options = { models, batch: 2, rounds: 1, threads: 1, engine: 'onnx', pytorch: false } as const;
    const { rows, failures } = await timeFamilies(options, [], () => undefined);
    assert.deepEqual(failures, []);
    assert.equal(rows[0]!.parameters, 448268);
    assert.ok(rows[0]!.train.ours!.imagesPerSecond.median > 0 && rows[0]!.eval.ours!.peakBytes > 0);
    assert.equal(rows[0]!.difference, undefined);
  });
});

describe('beside PyTorch', () => {
  test('logits are compared by the greatest difference, and what cannot be compared is no agreement', () => {
    assert.equal(relativeDifference([1, -4], [1, -5]), 0.2);
    assert.ok(Number.isNaN(relativeDifference([1], [1, 2])));
    assert.ok(Number.isNaN(relativeDifference([Number.NaN, 1], [1, 2])));
  });
});
