/**
 * timm's own models beside ours, with their state dicts as files. `$BIASLOSS_TIMM` is a folder that timm was installed into
 * (`pip install --target FOLDER --no-deps timm==1.0.31`); huggingface_hub and safetensors are not needed.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { isPublishedAs, unlikeness } from '../../src/models/publishedNames.js';
import { loadClassifier } from '../../src/runs/loadClassifier.js';
import { temporaryFolder } from '../data/support/folder.js';
import { formulaInput } from '../support/formula.js';
import { relativeError } from '../support/golden.js';
import { onednnMissing } from '../support/onednn.js';
import { runPython, skipWithoutPython } from '../support/python.js';
import { type timmModels, timmSizes } from '../support/torchvisionGolden.js';
import { exactEvaluationTest, torchvisionSuite } from '../support/torchvisionSuite.js';

const { BIASLOSS_TIMM: timm = '' } = process.env;
const skip =
  !existsSync(join(timm, 'timm')) && 'timm is not installed; install it and set BIASLOSS_TIMM to its folder';

/** timm's name of a model: ours. */
const MODELS: Readonly<Record<string, string>> = {
  mobilenetv3_small_100: 'mobilenetv3_small_100',
  mobilenetv3_large_100: 'mobilenetv3_large_100',
  lcnet_050: 'lcnet_050',
  lcnet_075: 'lcnet_075',
  lcnet_100: 'lcnet_100',
  ghostnet_100: 'ghostnet_100',
  repvgg_a0: 'repvgg_a0',
  mobilenetv4_conv_small: 'mobilenetv4_conv_small',
  mobilenetv2_100: 'mobilenet_v2',
  mnasnet_100: 'mnasnet_100',
  efficientnet_b0: 'efficientnet_b0',
};
const BATCH = 2;
const SIZE = 64;

/** A model with the formula's weights, saved as a training script saves it; logits of timm's evaluation. */
const PYTHON = `
sys.path.append(args['timm'])
import timm
from check_golden import golden_value
torch.set_num_threads(1)
model = timm.create_model(args['model'], num_classes=10).eval()
state = model.state_dict()
norms = {key.rsplit('.', 1)[0] for key in state if key.endswith('running_mean')}
for key, value in state.items():
    value.copy_(golden_value('', key, value.shape, key.rsplit('.', 1)[0] in norms))
torch.save({'arch': args['model'], 'state_dict': state, 'epoch': 1}, args['path'])
if args['model'].startswith('repvgg'):
    from timm.utils.model import reparameterize_model
    model = reparameterize_model(model)
with torch.no_grad():
    result['logits'] = model(tensors['images'])
`;

/** By timm's names of the models here: other architectures with the same tensors, and how far their logits are with the same weights. */
const ALIKE = `
sys.path.append(args['timm'])
import timm
torch.set_num_threads(1)
MODULES = ['resnet', 'efficientnet', 'mobilenetv3', 'ghostnet', 'byobnet', 'densenet', 'hardcorenas']
init = {name: getattr(torch.nn.init, name) for name in dir(torch.nn.init) if name.endswith('_') and name[0] != '_'}
own = {name: getattr(torch.Tensor, name) for name in ('normal_', 'uniform_', 'fill_', 'zero_')}
def patch(functions):
    for name, function in functions.items():
        setattr(torch.Tensor if name in own else torch.nn.init, name, function)
def make(name):
    return timm.create_model(name, num_classes=10).eval()
def shapes(name):
    return frozenset((key, tuple(value.shape)) for key, value in make(name).state_dict().items())
# Initial values of 300 networks would take minutes.
patch({name: lambda tensor, *a, **k: tensor for name in (*init, *own)})
models = {shapes(name): name for name in args['models']}
alike = [(models.get(shapes(name)), name) for module in MODULES for name in timm.list_models(module=module)]
patch({**init, **own})
images = torch.randn(2, 3, 64, 64)
result['alike'] = []
for model, name in alike:
    if model is None or model == name:
        continue
    one, other = make(model), make(name)
    for key, value in one.state_dict().items():
        if value.dtype == torch.float32:
            value.uniform_(0.5, 1.5) if 'running_var' in key else value.add_(torch.randn_like(value) * 0.05)
    other.load_state_dict(one.state_dict())
    with torch.no_grad():
        a, b = one(images), other(images)
    result['alike'].append([model, name, float((a - b).abs().max() / a.abs().max())])
`;

/** What `npm test` leaves out, as it takes longer. It needs the golden numbers alone. */
const computed = [
  ['mobilenetv3_small_100', 'reference'],
  ['lcnet_100', 'reference'],
  ['ghostnet_100', 'reference'],
  ['mobilenetv4_conv_small', 'reference'],
  ['efficientnet_lite0', 'onnx'],
  ['tf_efficientnet_lite0', 'onnx'],
  ['tf_efficientnet_lite0', 'onednn'],
  ['mobilenetv3_small_100', 'onednn'],
  ['mobilenetv3_large_100', 'onnx'],
  ['mobilenetv3_large_100', 'onednn'],
  ['lcnet_100', 'onnx'],
  ['mnasnet_100', 'onnx'],
  ['ghostnet_100', 'onnx'],
  ['repvgg_a0', 'onnx'],
  ['mobilenetv4_conv_small', 'onednn'],
  ...timmSizes.map((model) => [model, 'onednn'] as const),
] as const satisfies readonly (readonly [(typeof timmModels)[number], EngineName])[];

for (const [model, name] of computed) {
  const title = `${model} beside timm on ${name}`;
  const limits = name === 'reference' ? 'double' : 'float32';
  const reason = name === 'onednn' && (await onednnMissing());
  if (reason) it(title, { skip: reason }, () => undefined);
  else torchvisionSuite(title, { model, limits, engine: () => createEngine(name) });
}

for (const model of [
  'efficientnet_lite0',
  'mobilenetv3_large_100',
  'ghostnet_100',
  'repvgg_a0',
  'mobilenetv4_conv_small',
] as const)
  describe(`${model} beside timm in double precision`, () => exactEvaluationTest(model));

describe('an architecture of timm with the tensors of a model here', {
  skip: skip || skipWithoutPython('numpy', 'torch', 'torchvision'),
}, () => {
  it('is known to be that model, or to be another', async () => {
    const { values } = await runPython<{ alike: [string, string, number][] }>(ALIKE, {
      args: { timm, models: [...Object.keys(MODELS), 'resnet18', 'resnet34', 'resnet50', 'densenet121'] },
    });
    assert.ok(values.alike.length >= 7);
    for (const [model, name, error] of values.alike) {
      const own = MODELS[model] ?? `${model}_224`;
      const isSame = error < 1e-5;
      assert.equal(isPublishedAs(own, name), isSame, `${name} differs from ${model} by ${error}`);
      assert.equal(unlikeness(own, name) !== undefined, !isSame, name);
    }
  });
});

describe('a state dict of timm', { skip: skip || skipWithoutPython('numpy', 'torch', 'torchvision') }, () => {
  for (const [model, own] of Object.entries(MODELS))
    it(`of ${model} is ${own}, with timm’s logits`, async (t) => {
      const path = join(temporaryFolder(t), `${model}.pth`);
      const images = formulaInput('timm', BATCH, SIZE);
      const shape = [BATCH, 3, SIZE, SIZE];
      const { tensors } = await runPython(PYTHON, {
        args: { timm, model, path },
        tensors: { images: { shape, data: images.slice() } },
      });
      const engine = await createEngine('onnx', { threads: 1 });
      t.after(() => engine.close());
      const { classifier } = await loadClassifier(path, { engine, batchSize: BATCH, imageSize: SIZE });
      assert.equal(classifier.model.config.name, own);
      const { logits } = await classifier.predict(images);
      await classifier.close();
      const error = relativeError(logits, tensors.logits!.data as Float32Array);
      assert.ok(error < 2e-5, `${error}`);
    });
});
