import type { ExifHandling } from '../../preprocessing.js';
import { MOST_PIXELS, type RgbImage } from '../image.js';
import { type JpegHeader, readJpegHeader } from './jpegHeader.js';
import { findTurboJpeg, type TurboJpegLibrary } from './library.js';

/** `TJPF_RGB` */
const RGB = 0;
/** `TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING`; chroma is interpolated unless another flag forbids it. */
const FLAGS = 4096 | 8192;
/** `TJSAMP_444`, `_422`, `_420` and `_GRAY`: others are interpolated differently by some versions. */
const SUBSAMPLINGS = [0, 1, 2, 3];
/** `TJCS_YCbCr` and `TJCS_GRAY` */
const COLOUR_SPACES = [1, 2];
/** Where they occur a photograph may have a gain map, which libvips treats in a way of its own. */
const GAIN_MAPS = ['hdrgm', 'urn:iso:std:iso:ts:21496'];

/** Gives memory of so many bytes; what they hold does not matter. */
export type Room = (length: number) => Uint8Array;

/**
 * Decodes ordinary JPEGs with the TurboJPEG library, on the calling thread: bit for bit what `decodeRgb` makes of them, in less
 * time. What is not ordinary or not whole is left to that.
 */
export class JpegDecoder {
  private readonly functions: ReturnType<typeof bind>;
  /** Width, height, subsampling, colour space. */
  private readonly found = new Int32Array(4);
  private readonly outputs: Outputs;
  private instance: number;

  /** @throws Error when the library lacks functions */
  constructor(library: TurboJpegLibrary) {
    this.functions = bind(library);
    const at = (i: number): Int32Array => this.found.subarray(i, i + 1);
    this.outputs = [at(0), at(1), at(2), at(3)];
    this.instance = this.functions.initialise();
  }

  /**
   * @param room where the pixels are written, 3 bytes each
   * @returns undefined for what `decodeRgb` is to decode or to refuse: other formats, progressive, of CMYK or RGB, not of 8 bits,
   *   with EXIF data where that is to be applied, too large, damaged or truncated
   */
  decode(bytes: Uint8Array, exif: ExifHandling, room: Room): RgbImage | undefined {
    if (!isOrdinary(bytes, exif)) return undefined;
    const image = this.decodeWhole(bytes, room);
    // Some versions leave a failed instance in a state that fails whatever comes next.
    if (!image) this.renew();
    return image;
  }

  private decodeWhole(bytes: Uint8Array, room: Room): RgbImage | undefined {
    const { functions, found } = this;
    if (functions.header(this.instance, bytes, bytes.length, ...this.outputs) !== 0) return undefined;
    const [width = 0, height = 0, subsampling = -1, colours = -1] = found;
    if (!SUBSAMPLINGS.includes(subsampling) || !COLOUR_SPACES.includes(colours)) return undefined;
    if (width * height > MOST_PIXELS) return undefined;
    const data = room(3 * width * height);
    const shape = [width, 3 * width, height, RGB, FLAGS] as const;
    // A warning counts as a failure, too.
    const isWhole = functions.decompress(this.instance, bytes, bytes.length, data, ...shape) === 0;
    return isWhole ? { data, width, height } : undefined;
  }

  private renew(): void {
    this.functions.destroy(this.instance);
    this.instance = this.functions.initialise();
  }
}

type Outputs = readonly [Int32Array, Int32Array, Int32Array, Int32Array];

type Header = (instance: number, bytes: Uint8Array, length: number, ...outputs: Outputs) => number;

type Decompress = (
  instance: number,
  bytes: Uint8Array,
  length: number,
  pixels: Uint8Array,
  width: number,
  pitch: number,
  height: number,
  format: number,
  flags: number,
) => number;

function bind({ handle }: TurboJpegLibrary) {
  return {
    initialise: handle.func('uintptr_t tjInitDecompress()') as () => number,
    destroy: handle.func('int tjDestroy(uintptr_t)') as (instance: number) => number,
    header: handle.func(
      'int tjDecompressHeader3(uintptr_t, void *, unsigned long, void *, void *, void *, void *)',
    ) as Header,
    decompress: handle.func(
      'int tjDecompress2(uintptr_t, void *, unsigned long, void *, int, int, int, int, int)',
    ) as Decompress,
  };
}

/** Whether the image is a sequential JPEG of grey or three colours in 8 bits without what asks for more than decoding. */
function isOrdinary(bytes: Uint8Array, exif: ExifHandling): boolean {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8 || bytes[2] !== 0xff) return false;
  const header = readJpegHeader(bytes);
  if (!header || !isSequential(header)) return false;
  if (exif === 'apply' && header.hasExif) return false;
  const { buffer, byteOffset, length } = bytes;
  const content = Buffer.from(buffer, byteOffset, length);
  return !GAIN_MAPS.some((text) => content.includes(text, 0, 'latin1'));
}

function isSequential({ frame, precision, components }: JpegHeader): boolean {
  return (frame === 0xc0 || frame === 0xc1) && precision === 8 && (components === 1 || components === 3);
}

let ofThread: { readonly decoder: JpegDecoder | undefined } | undefined;

/**
 * The calling thread's decoder; undefined without the library.
 *
 * @throws UserError when `BIASLOSS_TURBOJPEG` names a file that cannot be used
 */
export function jpegDecoder(): JpegDecoder | undefined {
  if (!ofThread) {
    const found = findTurboJpeg();
    ofThread = { decoder: 'handle' in found ? new JpegDecoder(found) : undefined };
  }
  return ofThread.decoder;
}
