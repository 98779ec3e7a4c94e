/** Augmentations beside torchvision's on Pillow's images, to the bit where nothing is chosen by float rounding. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { autoAugment, MAGNITUDES, magnitudeOf } from '../../src/data/augment/autoAugment.js';
import { erase, erasedBox } from '../../src/data/augment/erasing.js';
import { gaussianBlur } from '../../src/data/augment/gaussianBlur.js';
import { OPERATIONS } from '../../src/data/augment/operations.js';
import type { RgbImage } from '../../src/data/images/image.js';
import { uniformSource } from '../../src/random.js';
import {
  GOLDEN_AUGMENT,
  type GoldenHashes,
  hashOf,
  IMAGES,
  KINDS,
  LINSPACE_OF_TORCH_2,
  magnitudes,
  results,
} from '../support/augmentCases.js';
import { type PythonTensor, runPython, skipWithoutPython } from '../support/python.js';

const skip = skipWithoutPython('numpy', 'torch', 'torchvision', 'PIL');

const tensors: Record<string, PythonTensor> = Object.fromEntries(
  Object.entries(IMAGES).map(([title, { data, width, height }]) => [
    title,
    { shape: [height, width, 3], data },
  ]),
);

test('every operation at every magnitude and sign on every image', { skip }, async (t) => {
  const cases = KINDS.flatMap((kind) =>
    OPERATIONS.flatMap((name) =>
      Object.entries(IMAGES).map(([title, image]) => ({
        key: `${kind}/${name}/${title}`,
        ...{ kind, name, title },
        magnitudes: magnitudes(kind, name, image),
      })),
    ),
  );
  const { tensors: theirs } = await runPython(
    `
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.autoaugment import _apply_op

for case in args:
    image = Image.fromarray(tensors[case['title']].numpy())
    outs = [np.asarray(_apply_op(image, case['name'], m, InterpolationMode.NEAREST, None)) for m in case['magnitudes']]
    result[case['key']] = torch.from_numpy(np.stack(outs).copy())
`,
    { args: cases, tensors },
  );
  const golden: GoldenHashes = {};
  for (const { key, name, title, magnitudes: all } of cases) {
    const data = theirs[key]!.data as Uint8Array;
    golden[key] = hashOf(data);
    await t.test(key, () => {
      const image = IMAGES[title]!;
      const ours = results(name, image, all);
      for (const [i, magnitude] of all.entries()) {
        const [from, to] = [i * image.data.length, (i + 1) * image.data.length];
        assert.deepEqual(ours.subarray(from, to), data.subarray(from, to), `magnitude ${magnitude}`);
      }
    });
  }
  if (process.env.BIASLOSS_WRITE_GOLDEN === '1')
    writeFileSync(GOLDEN_AUGMENT, `${JSON.stringify(golden, null, 2)}\n`);
  assert.deepEqual(JSON.parse(readFileSync(GOLDEN_AUGMENT, 'utf8')), golden);
});

/** Says whether torch rounds a step of a range once: 2.11 does with AVX2 and AVX512, 1.13 with AVX512 (`ATEN_CPU_CAPABILITY=avx512`). */
const IS_FUSED = "result['isFused'] = torch.linspace(0.0, 32.0, 31)[15].item() < 16";

interface Space {
  readonly [name: string]: { readonly values: readonly number[]; readonly signed: boolean };
}

test('magnitudes are those of torchvision’s spaces, to the last bit where torch has fused products and sums', {
  skip,
}, async () => {
  const sizes = [32, 45, 96, 160, 224, 384];
  const { values } = await runPython<{ ra: Space[]; ta: Space; isFused: boolean }>(
    `
from torchvision.transforms import RandAugment, TrivialAugmentWide

def space(found):
    return {k: {'values': [float(x) for x in v.flatten()], 'signed': s} for k, (v, s) in found.items()}
result['ra'] = [space(RandAugment()._augmentation_space(31, (s, 2 * s))) for s in args]
result['ta'] = space(TrivialAugmentWide()._augmentation_space(31))
${IS_FUSED}
`,
    { args: sizes },
  );
  assert.deepEqual(Object.keys(values.ta), [...OPERATIONS]);
  for (const [kind, spaces] of [
    ['ra', values.ra],
    ['ta_wide', sizes.map(() => values.ta)],
  ] as const)
    for (const [i, space] of spaces.entries())
      for (const name of OPERATIONS) {
        const size = { width: 2 * sizes[i]!, height: sizes[i]! };
        const { values: theirs, signed } = space[name]!;
        for (let step = 0; step < MAGNITUDES; step++) {
          const { value, isSigned } = magnitudeOf(kind, name, step, size);
          const other = theirs[theirs.length === 1 ? 0 : step]!;
          const most = values.isFused ? 0 : 2e-7 * Math.abs(other);
          assert.ok(Math.abs(value - other) <= most, `${name}: ${value}, not ${other}`);
          assert.equal(isSigned, signed);
        }
      }
});

/** Lets torchvision draw the numbers of \`args\`: three for each operation, as ours does. */
const OUR_NUMBERS = `
from PIL import Image
from torchvision import transforms

def outputs(make, image, numbers):
    state = {'k': -1}
    def randint(high, size, **_):
        if high == 14:
            state['k'] += 1
        u = numbers[3 * state['k'] + {14: 0, 31: 1, 2: 2}[high]]
        return torch.tensor([int(u < 0.5) if high == 2 else int(u * high)])
    kept, torch.randint = torch.randint, randint
    try:
        return torch.from_numpy(np.asarray(make(image)).copy())
    finally:
        torch.randint = kept
`;

test('whole augmentations with the same random numbers', { skip }, async () => {
  const random = uniformSource(3, 'test');
  const runs = Array.from({ length: 60 }, (_, i) => ({
    how:
      i % 2 === 0
        ? ({ kind: 'ta_wide' } as const)
        : { kind: 'ra' as const, operations: 3, magnitude: i % 31 },
    numbers: Array.from({ length: 9 }, (__, k) => random(i, k)),
  }));
  const { tensors: theirs } = await runPython(
    `${LINSPACE_OF_TORCH_2}${OUR_NUMBERS}
image = Image.fromarray(tensors['smooth'].numpy())
for i, run in enumerate(args):
    how = run['how']
    make = transforms.TrivialAugmentWide() if how['kind'] == 'ta_wide' else transforms.RandAugment(3, how['magnitude'])
    result['out%d' % i] = outputs(make, image, run['numbers'])
`,
    { args: runs, tensors },
  );
  const image = IMAGES.smooth!;
  for (const [i, { how, numbers }] of runs.entries()) {
    const data = image.data.slice();
    autoAugment({ ...image, data }, how, (what) => numbers[what]!, new Uint8Array(data.length));
    assert.deepEqual(data, theirs[`out${i}`]!.data, `${i}`);
  }
});

test('Gaussian blur', { skip }, async () => {
  const cases = [
    ['mixed', 3, 0.1],
    ['mixed', 3, 1.3],
    ['mixed', 23, 2],
    ['smooth', 5, 0.8],
    ['smooth', 23, 1.1],
    ['pale', 9, 2],
    ['fewColours', 7, 0.5],
  ] as const;
  const { tensors: theirs } = await runPython(
    `
from PIL import Image
from torchvision.transforms.functional import gaussian_blur
for i, (title, size, sigma) in enumerate(args):
    result['out%d' % i] = torch.from_numpy(np.asarray(gaussian_blur(Image.fromarray(tensors[title].numpy()), size, sigma)).copy())
`,
    { args: cases, tensors },
  );
  for (const [i, [title, size, sigma]] of cases.entries()) {
    const image: RgbImage = { ...IMAGES[title]!, data: IMAGES[title]!.data.slice() };
    gaussianBlur(image, size, sigma);
    const expected = theirs[`out${i}`]!.data as Uint8Array;
    const differences = image.data.map((value, at) => Math.abs(value - expected[at]!));
    const different = differences.filter((difference) => difference > 0).length;
    // Sums that are half of a step may be rounded either way.
    assert.ok(
      Math.max(...differences) <= 1 && different <= 2,
      `${title} ${size} ${sigma}: ${different} bytes`,
    );
  }
});

/** Lets torchvision draw the numbers of `args`: four for each attempt. */
const ERASE_OUR_BOX = `
from torchvision.transforms import RandomErasing

for i, run in enumerate(args):
    size, numbers, state = run['size'], run['numbers'], {'cut': 0, 'attempt': -1}
    def uniform(self, low, high):
        if abs(high - 0.33) < 1e-9:
            state['attempt'] += 1
            return self.fill_(float(low) + (float(high) - float(low)) * numbers[4 * state['attempt']])
        return self.fill_(float(low) + (float(high) - float(low)) * numbers[4 * state['attempt'] + 1])
    def randint(low, high, size):
        state['cut'] += 1
        return torch.tensor([int(low + numbers[4 * state['attempt'] + 1 + state['cut']] * (high - low))])
    kept = torch.Tensor.uniform_, torch.randint
    torch.Tensor.uniform_, torch.randint = uniform, randint
    try:
        image = torch.ones(3, size, size)
        y, x, h, w, value = RandomErasing.get_params(image, (0.02, 0.33), (0.3, 3.3), [0])
        image[:, y:y + h, x:x + w] = value
    finally:
        torch.Tensor.uniform_, torch.randint = kept
    result['out%d' % i] = image
`;

test('random erasing with the same random numbers', { skip }, async () => {
  const random = uniformSource(5, 'test');
  const runs = Array.from({ length: 50 }, (_, i) => ({
    size: [8, 32, 33, 224][i % 4]!,
    numbers: Array.from({ length: 40 }, (__, k) => random(i, k)),
  }));
  const { tensors: theirs } = await runPython(ERASE_OUR_BOX, { args: runs });
  for (const [i, { size, numbers }] of runs.entries()) {
    const image = new Float32Array(3 * size * size).fill(1);
    const box = erasedBox(size, (what) => numbers[what]!);
    if (box) erase(image, size, box);
    assert.deepEqual(image, theirs[`out${i}`]!.data, `image ${i}`);
  }
});
