import { fromBinary } from '@bufbuild/protobuf';
import { UserError } from '../../errors.js';
import { describeForeignFile } from '../foreignFile.js';
import { TensorProto_DataType as DataType, type ModelProto, ModelProtoSchema } from './onnx_pb.js';

/** The description in an exported ONNX model. */
export interface OnnxClassifier {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** One value per channel, as `std`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** 3, or 1 for grey images. */
  readonly channels: number;
  /** Height and width of the images. */
  readonly imageSize: number;
  /** Pixels of the shorter side before the centre crop. Files of older versions don't say it: 256/224 of the size. */
  readonly resizeSize: number;
  /** How images are resized; `bilinear` in files of older versions. */
  readonly interpolation: 'bilinear' | 'bicubic';
  /** Whether the EXIF orientation of images is applied; `ignore` in files of older versions. */
  readonly exif: 'apply' | 'ignore';
  /** Whether it takes uint8 images [batch, H, W, C] instead of normalised floats [batch, C, H, W]. */
  readonly takesBytes: boolean;
}

/**
 * Reads the input and the metadata of an ONNX model that this library exported.
 *
 * @param path for messages
 * @throws UserError when it is not an ONNX model, or was not exported by this library
 */
export function readOnnxClassifier(bytes: Uint8Array, path: string): OnnxClassifier {
  const model = parse(bytes, path);
  const type = model.graph?.input.find(({ name }) => name === 'images')?.type?.value;
  const { elemType, shape } = type?.case === 'tensorType' ? type.value : {};
  const sizes = shape?.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : undefined));
  const takesBytes = elemType === DataType.UINT8;
  const imageSize = sizes?.[2];
  const channels = sizes?.[takesBytes ? 3 : 1];
  const metadata = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
  const list = (key: string): unknown[] => listOf(metadata.get(key));
  const [classes, mean, std] = [list('classes'), list('mean'), list('std')];
  if (
    imageSize === undefined ||
    channels === undefined ||
    !classes.every(isText) ||
    classes.length === 0 ||
    !isList(mean, channels) ||
    !isList(std, channels)
  )
    throw new UserError(
      `${path} was not written by export: its input "images" or its metadata (classes, mean, std) is missing`,
    );
  const resizeSize = Number(metadata.get('resizeSize') ?? Math.round((imageSize * 256) / 224));
  const exif = metadata.get('exif') === 'apply' ? 'apply' : 'ignore';
  const interpolation = metadata.get('interpolation') === 'bicubic' ? 'bicubic' : 'bilinear';
  return { classes, mean, std, imageSize, channels, resizeSize, interpolation, exif, takesBytes };
}

function parse(bytes: Uint8Array, path: string): ModelProto {
  const foreign = describeForeignFile(bytes);
  const isOnnx = foreign?.includes('ONNX') ?? false;
  if (foreign !== undefined && !isOnnx) throw new UserError(`${path} ${foreign}`);
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch {
    throw new UserError(
      isOnnx
        ? `${path} is truncated or damaged: it starts as an ONNX model, but cannot be read to its end`
        : `${path} is damaged or not an ONNX model`,
    );
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

function isList(value: readonly unknown[], length: number): value is number[] {
  return value.length === length && value.every((item) => typeof item === 'number');
}

/** The list in a text of JSON; empty if there is none. */
function listOf(text: string | undefined): unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
