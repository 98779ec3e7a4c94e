import { quoted } from './quote.js';

/** Number of bytes that are examined. */
const LOOKED_AT = 4096;

/** A file with fewer zeros may be anything. */
const LEAST_ZEROS = 64;

/** First bytes of files that are mistaken for models, with messages. */
const BEGINNINGS: readonly (readonly [begin: string | RegExp, what: string])[] = [
  [
    'version https://git-lfs',
    'is a Git LFS pointer, not the file itself: run "git lfs pull" where it was cloned',
  ],
  [
    /^\s*(<!doctype html|<html)/i,
    'is an HTML page, not a model: the download returned a web page instead of the file',
  ],
  [/^\s*<\?xml/i, 'is XML, not a model: the download returned a server response instead of the file'],
  ['\x1f\x8b', 'is compressed with gzip: unpack it first'],
  ['BZh', 'is compressed with bzip2: unpack it first'],
  ['\xfd7zXZ\0', 'is compressed with xz: unpack it first'],
  ['\x28\xb5\x2f\xfd', 'is compressed with zstd: unpack it first'],
  ['7z\xbc\xaf\x27\x1c', 'is a 7-Zip archive: unpack it first'],
  ['Rar!', 'is a RAR archive: unpack it first'],
  ['\x89HDF\r\n', 'is an HDF5 file, as written by Keras, which is not supported'],
  ['GGUF', 'is a GGUF file of a language model, which is not supported'],
  ['\x93NUMPY', 'is a NumPy array, not a model'],
  ['\x89PNG', 'is a PNG image, not a model'],
  ['\xff\xd8\xff', 'is a JPEG image, not a model'],
  [/^RIFF.{4}WEBP/s, 'is a WebP image, not a model'],
  ['%PDF', 'is a PDF document, not a model'],
  [/^.{4}TFL3/s, 'is a TensorFlow Lite model, which is not supported'],
];

/**
 * What a file is that was given as a model but is not one, as text to follow its name: a Git LFS pointer, a web page,
 * an error in JSON, an archive, an image. Undefined where nothing is recognised.
 *
 * @param bytes of the whole file
 */
export function describeForeignFile(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'is empty';
  const begin = bytes.subarray(0, LOOKED_AT);
  if (bytes.length >= LEAST_ZEROS && begin.every((byte) => byte === 0))
    return 'starts with nothing but zeros: it was not completely written or downloaded';
  // The first field of an ONNX model is its version, the second the name of the program that wrote it.
  if (begin[0] === 8 && begin[1]! < 32 && begin[2] === 0x12) return 'is an ONNX model, not a file of weights';
  const text = String.fromCharCode(...begin);
  const known = BEGINNINGS.find(([start]) =>
    typeof start === 'string' ? text.startsWith(start) : start.test(text),
  );
  if (known) return known[1];
  if (text.slice(257, 262) === 'ustar') return 'is a tar archive: unpack it first';
  return isText(begin) ? describeText(bytes, text) : undefined;
}

/** Files that are text from beginning to end: JSON, or something else. */
function describeText(bytes: Uint8Array, begin: string): string {
  const line = begin.trim().split(/[\r\n]/)[0] ?? '';
  if (/^[[{]/.test(line) && isJson(bytes)) return `is JSON, not a model: it starts with ${quoted(line)}`;
  return `is text, not a model: it starts with ${quoted(line)}`;
}

/** Whether bytes are UTF-8 without control characters; the last character may be cut. */
function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return false;
  }
  return bytes.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);
}

/** Whether a file of at most a megabyte is JSON. */
function isJson(bytes: Uint8Array): boolean {
  if (bytes.length > 2 ** 20) return false;
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}
