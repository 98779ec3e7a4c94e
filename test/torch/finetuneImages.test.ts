/**
 * Images of the recipe `finetune` beside those of PyTorch's side of `bench finetune`: the loader's training images of two epochs are torchvision's
 * if torchvision draws our random numbers, and so are the test images.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Dataset } from '../../src/data/dataset.js';
import { Loader, type LoaderOptions } from '../../src/data/loader.js';
import type { Preprocessing } from '../../src/data/preprocessing.js';
import { permutation, uniformSource } from '../../src/random.js';
import { loadData } from '../../src/runs/loadData.js';
import { RECIPES } from '../../src/runs/settings/recipes.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import { transformsOf } from '../../src/runs/transformsOf.js';
import { drawnImage } from '../cli/fixtures/images.js';
import { LINSPACE_OF_TORCH_2 } from '../support/augmentCases.js';
import { runPython, skipWithoutPython } from '../support/python.js';
import { withFolder } from '../train/fixtures/tiny.js';

const [SIZE, BATCH, EPOCHS, SEED] = [48, 8, 2, 5];
const CLASSES = ['broad', 'narrow', 'wide'];
const EACH = 24;

/** EfficientNet-Lite's, of which `--pretrained` says so. */
const PREPROCESSING: Preprocessing = {
  imageSize: SIZE,
  resizeSize: Math.trunc(SIZE / 0.875),
  interpolation: 'bicubic',
  mean: [127 / 255, 127 / 255, 127 / 255],
  std: [128 / 255, 128 / 255, 128 / 255],
  exif: 'ignore',
};

/** torchvision draws `crop`'s numbers, four for each attempt, `mirror` and `operation`'s for TrivialAugment. */
const PYTHON = `
${LINSPACE_OF_TORCH_2}
import finetune
from PIL import Image

drawn = {}
def crop(what):
    return drawn['crop'][4 * drawn['attempt'] + what]
def uniform(self, low, high):
    isArea = high == 1
    drawn['attempt'] += isArea
    drawn['place'] = 1
    return self.fill_(float(low) + (float(high) - float(low)) * crop(0 if isArea else 1))
def randint(*bounds, size=None, **_):
    if size is None:
        high = bounds[0]
        u = drawn['operation'][{14: 0, 31: 1, 2: 2}[high]]
        return torch.tensor([int(u < 0.5) if high == 2 else int(u * high)])
    low, high = bounds
    drawn['place'] += 1
    return torch.tensor([low + int(crop(drawn['place']) * (high - low))])
def rand(*_):
    return torch.tensor([drawn['mirror']])
torch.Tensor.uniform_, torch.randint, torch.rand = uniform, randint, rand

training, test = finetune.training_images(args['size']), finetune.test_images(args['size'])
images = []
for image in args['training']:
    drawn = {**image, 'attempt': -1}
    images.append(training(Image.open(image['path']).convert('RGB')))
result['training'] = torch.stack(images)
result['test'] = torch.stack([test(Image.open(path).convert('RGB')) for path in args['test']])
`;

/** Draws training and test images, which Pillow and this library decode alike. */
async function drawImages(folder: string): Promise<void> {
  for (const [part, count] of [
    ['train', EACH],
    ['val', 3],
  ] as const)
    for (const [label, name] of CLASSES.entries()) {
      mkdirSync(join(folder, part, name), { recursive: true });
      for (let i = 0; i < count; i++)
        writeFileSync(join(folder, part, name, `${10 + i}.png`), await drawnImage(label, i));
    }
}

/** All images of so many epochs. */
async function loaded(set: Dataset, epochs: number, options: Partial<LoaderOptions>): Promise<Float32Array> {
  const loader = new Loader(set, {
    batchSize: BATCH,
    imageSize: SIZE,
    preprocessing: PREPROCESSING,
    ...options,
  });
  const images: number[] = [];
  try {
    for (let epoch = 0; epoch < epochs; epoch++)
      for await (const batch of loader.epoch(epoch))
        images.push(...batch.images.subarray(0, batch.count * 3 * SIZE * SIZE));
  } finally {
    await loader.close();
  }
  return Float32Array.from(images);
}

/** Paths of images of files, in order. */
function pathsOf(set: Dataset): string[] {
  assert.ok(set.kind === 'images');
  return Array.from({ length: set.count }, (_, i) => set.source(i).path);
}

/** The random numbers of each training image, in the order of the batches. */
function numbersOf(paths: readonly string[]): Record<string, unknown>[] {
  const [crop, rest] = ['augment', 'transforms'].map((stream) => uniformSource(SEED, stream));
  return Array.from({ length: EPOCHS }, (_, epoch) =>
    Array.from(permutation(SEED, epoch, paths.length), (index) => ({
      path: paths[index]!,
      crop: Array.from({ length: 40 }, (__, k) => crop!(epoch, 64 * index + k)),
      mirror: crop!(epoch, 64 * index + 40),
      operation: Array.from({ length: 3 }, (__, k) => rest!(epoch, 128 * index + 64 + k)),
    })),
  ).flat();
}

describe('images of the recipe finetune', {
  skip: skipWithoutPython('numpy', 'torch', 'torchvision', 'PIL'),
}, () => {
  it('are torchvision’s with the same random numbers', (t) =>
    withFolder(async (folder) => {
      await drawImages(folder);
      const config = {
        ...TRAIN_DEFAULTS,
        ...RECIPES.finetune,
        data: 'imagefolder' as const,
        dataPath: folder,
      };
      const { train, test } = await loadData(config);
      const training = { seed: SEED, transforms: transformsOf(config) };
      const ours = { training: await loaded(train, EPOCHS, { training }), test: await loaded(test, 1, {}) };
      const { tensors } = await runPython(PYTHON, {
        args: { size: SIZE, training: numbersOf(pathsOf(train)), test: pathsOf(test) },
      });
      for (const part of ['training', 'test'] as const) {
        const theirs = tensors[part]!.data as Float32Array;
        assert.equal(ours[part].length, theirs.length);
        // In steps of a byte.
        const differences = ours[part].map((value, i) => Math.abs(value - theirs[i]!) * 128);
        const others = differences.filter((difference) => difference > 1e-3).length;
        t.diagnostic(`${part}: ${theirs.length} values, ${others} differ`);
        assert.equal(others, 0);
      }
    }));
});
