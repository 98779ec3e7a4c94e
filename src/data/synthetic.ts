import { uniformSource } from '../random.js';
import { type PixelDataset, type PixelDatasetPair, sharedBytes } from './dataset.js';

const SIZE = 32;

/** A texture's brightness at a point, in [0, 1]. */
type Texture = (x: number, y: number) => number;

/** Signed distance-like functions: a point is inside where the value is below 1. */
const SHAPES: readonly { readonly name: string; readonly inside: (x: number, y: number) => boolean }[] = [
  { name: 'disc', inside: (x, y) => x * x + y * y < 1 },
  { name: 'square', inside: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.88 },
  { name: 'triangle', inside: (x, y) => y < 0.8 && y > 2 * Math.abs(x) - 1 },
  { name: 'ring', inside: (x, y) => x * x + y * y < 1 && x * x + y * y > 0.3 },
  {
    name: 'cross',
    inside: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.32 && Math.max(Math.abs(x), Math.abs(y)) < 1,
  },
];

const TEXTURES: readonly { readonly name: string; readonly make: (phase: number) => Texture }[] = [
  { name: 'plain', make: () => () => 1 },
  { name: 'striped', make: (phase) => (_, y) => (Math.floor((y + phase * 4) / 2) % 2 === 0 ? 1 : 0.15) },
];

/** Options of {@link syntheticDataset}. */
export interface SyntheticOptions {
  /** Training images. Default 8000. */
  readonly train?: number | undefined;
  /** Test images. Default 2000. */
  readonly test?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Share of images that show nearly nothing: the paper's “random predictions”. Default 0.03. */
  readonly featurelessShare?: number | undefined;
}

/**
 * Generated 32×32 colour images: ten classes of shape × texture at random places, sizes and colours
 * with noise, and a share of nearly featureless ones whose label cannot be recognised. The same options give the
 * same images.
 */
export function syntheticDataset(options: SyntheticOptions = {}): PixelDatasetPair {
  const { train = 8000, test = 2000, seed = 0, featurelessShare = 0.03 } = options;
  return {
    train: draw('synthetic train', train, seed, featurelessShare),
    test: draw('synthetic test', test, seed, featurelessShare),
  };
}

function draw(name: string, count: number, seed: number, featurelessShare: number): PixelDataset {
  const classes = SHAPES.flatMap((shape) => TEXTURES.map((texture) => `${texture.name} ${shape.name}`));
  const labels = new Int32Array(count);
  const pixels = sharedBytes(count * 3 * SIZE * SIZE);
  const random = uniformSource(seed, name);
  for (let i = 0; i < count; i++) {
    const label = Math.floor(random(i, 0) * classes.length);
    labels[i] = label;
    drawImage(
      pixels.subarray(i * 3 * SIZE * SIZE, (i + 1) * 3 * SIZE * SIZE),
      label,
      featurelessShare,
      (what) => random(i, what),
    );
  }
  const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const;
  return { kind: 'pixels', name, classes, count, labels, imageSize: SIZE, pixels, normalisation };
}

/** Generates one image; `random(k)` are its random numbers, of which the first sixteen have fixed meanings. */
function drawImage(
  out: Uint8Array,
  label: number,
  featurelessShare: number,
  random: (what: number) => number,
): void {
  const shape = SHAPES[Math.floor(label / TEXTURES.length)]!;
  const texture = TEXTURES[label % TEXTURES.length]!.make(random(1));
  const radius = 6 + 7 * random(2);
  const centreX = radius + random(3) * (SIZE - 2 * radius);
  const centreY = radius + random(4) * (SIZE - 2 * radius);
  const background = [random(5), random(6), random(7)];
  const colour = background.map((value, channel) => (value + 0.35 + 0.3 * random(8 + channel)) % 1);
  const contrast = random(11) < featurelessShare ? 0.02 : 0.75 + 0.25 * random(12);
  const noise = 0.02 + 0.08 * random(13);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const inside = shape.inside((x - centreX) / radius, (y - centreY) / radius);
      const share = inside ? contrast * texture(x, y) : 0;
      for (let channel = 0; channel < 3; channel++) {
        const clean = background[channel]! * (1 - share) + colour[channel]! * share;
        const at = (channel * SIZE + y) * SIZE + x;
        out[at] = Math.round(255 * Math.min(Math.max(clean + noise * (random(16 + at) - 0.5) * 2, 0), 1));
      }
    }
  }
}
