import { UserError } from '../errors.js';
import { CIFAR, type CifarFacts, type CifarFiles, type CifarName, readCifarFiles } from './cifarFiles.js';
import { CIFAR_NORMALISATION, type PixelDataset, sharedBytes } from './dataset.js';

const PICTURE_BYTES = 3 * 32 * 32;

/** Training and test part of a set. */
export interface DatasetPair {
  readonly train: PixelDataset;
  readonly test: PixelDataset;
}

/** Pictures and labels of one file. */
interface Part {
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

/**
 * CIFAR-10 or CIFAR-100, in the official binary layout or torchvision's Python layout, from a folder
 * or an archive.
 *
 * @throws UserError when files are missing, truncated, foreign, or have labels out of range
 */
export async function loadCifar(name: CifarName, path: string): Promise<DatasetPair> {
  const facts = CIFAR[name];
  const files = await readCifarFiles(name, path);
  const classes = classNames(facts, files);
  const load = (which: 'train' | 'test'): PixelDataset => {
    const parts = facts[files.layout][which].map((file) => parsePart(facts, files, file));
    return joined(`${facts.title} ${which}`, parts, classes);
  };
  return { train: load('train'), test: load('test') };
}

function parsePart(facts: CifarFacts, files: CifarFiles, file: string): Part {
  const part = parseBinary(facts, files.contents.get(file)!, files.pathOf(file));
  const wrong = part.labels.findIndex((label) => label < 0 || label >= facts.classCount);
  if (wrong >= 0) {
    throw new UserError(
      `${files.pathOf(file)}: picture ${wrong} has the label ${part.labels[wrong]}, but ${facts.title} has the classes 0 to ${facts.classCount - 1}`,
    );
  }
  return part;
}

/** Records of label bytes and 3·32·32 pixels, one plane a channel. */
function parseBinary({ labelBytes, labelOffset }: CifarFacts, bytes: Uint8Array, path: string): Part {
  const record = labelBytes + PICTURE_BYTES;
  if (bytes.length === 0 || bytes.length % record !== 0) {
    throw new UserError(
      `${path} is truncated or not in CIFAR's binary layout: ${bytes.length} bytes are not a multiple of ${record}`,
    );
  }
  const count = bytes.length / record;
  const pixels = new Uint8Array(count * PICTURE_BYTES);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = bytes[i * record + labelOffset]!;
    pixels.set(bytes.subarray(i * record + labelBytes, (i + 1) * record), i * PICTURE_BYTES);
  }
  return { pixels, labels };
}

function joined(name: string, parts: readonly Part[], classes: readonly string[]): PixelDataset {
  const count = parts.reduce((total, { labels }) => total + labels.length, 0);
  const pixels = sharedBytes(count * PICTURE_BYTES);
  const labels = new Int32Array(count);
  let at = 0;
  for (const part of parts) {
    pixels.set(part.pixels, at * PICTURE_BYTES);
    labels.set(part.labels, at);
    at += part.labels.length;
  }
  return {
    kind: 'pixels',
    name,
    classes,
    count,
    labels,
    imageSize: 32,
    pixels,
    normalisation: CIFAR_NORMALISATION,
  };
}

/** Names of the classes from the set's own file; `class 0` and so on where it is missing. */
function classNames(facts: CifarFacts, files: CifarFiles): string[] {
  const bytes = files.contents.get(facts[files.layout].names);
  const names =
    bytes && files.layout === 'binary'
      ? new TextDecoder()
          .decode(bytes)
          .split('\n')
          .map((line) => line.trim())
      : [];
  return Array.from({ length: facts.classCount }, (_, i) => names[i] || `class ${i}`);
}
