import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import type { SummaryValue } from './encodeEvent.js';
import { DataType, HParamsPluginDataSchema, Status } from './hparams_pb.js';

/** Buckets of a histogram. */
const BUCKETS = 64;

/** `DataType.DT_STRING` of TensorFlow. */
const DT_STRING = 7;

/** A number. It is rounded to 32 bits, and may be infinite or not a number. */
export function scalarSummary(tag: string, value: number): SummaryValue {
  return { tag, value: { case: 'simpleValue', value } };
}

/** The distribution of some finite numbers, in buckets of equal width. */
export function histogramSummary(tag: string, values: ArrayLike<number>): SummaryValue {
  const num = values.length;
  let [min, max, sum, sumSquares] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < num; i++) {
    const value = values[i]!;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    sumSquares += value * value;
  }
  const width = (max - min) / BUCKETS;
  const bucket = new Array<number>(width > 0 ? BUCKETS : 1).fill(0);
  for (let i = 0; i < num; i++)
    bucket[width > 0 ? Math.min(BUCKETS - 1, Math.floor((values[i]! - min) / width)) : 0]!++;
  const bucketLimit = bucket.map((_, i) => (i === bucket.length - 1 ? max : min + (i + 1) * width));
  return { tag, value: { case: 'histo', value: { min, max, num, sum, sumSquares, bucketLimit, bucket } } };
}

/** An image file. */
export interface EncodedImage {
  /** PNG or JPEG. */
  readonly bytes: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** 1 is grey, 3 is RGB. */
  readonly channels: 1 | 3;
}

/** An image. */
export function imageSummary(tag: string, { bytes, height, width, channels }: EncodedImage): SummaryValue {
  return {
    tag,
    value: { case: 'image', value: { height, width, colorspace: channels, encodedImageString: bytes } },
  };
}

/** Text in Markdown. */
export function textSummary(tag: string, markdown: string): SummaryValue {
  return {
    tag,
    metadata: { pluginData: { pluginName: 'text' } },
    value: {
      case: 'tensor',
      value: {
        dtype: DT_STRING,
        tensorShape: { dim: [{ size: 1n }] },
        stringVal: [new TextEncoder().encode(markdown)],
      },
    },
  };
}

/** A setting as TensorBoard compares runs by it. */
export type Hyperparameter = number | boolean | string;

/**
 * What TensorBoard's page of hyperparameters needs of a run at its start, as PyTorch's `add_hparams` writes it.
 *
 * @param metrics tags of the scalars that runs are compared by
 * @param time milliseconds since 1970
 */
export function hparamsStart(
  hparams: Readonly<Record<string, Hyperparameter>>,
  metrics: readonly string[],
  time: number,
): SummaryValue[] {
  const seconds = time / 1000;
  const experiment = {
    timeCreatedSecs: seconds,
    hparamInfos: Object.entries(hparams).map(([name, value]) => ({ name, type: typeOf(value) })),
    metricInfos: metrics.map((tag) => ({ name: { tag } })),
  };
  const start = {
    hparams: Object.fromEntries(Object.entries(hparams).map(([name, value]) => [name, protobufValue(value)])),
    startTimeSecs: seconds,
  };
  return [
    hparamsSummary('_hparams_/experiment', { data: { case: 'experiment', value: experiment } }),
    hparamsSummary('_hparams_/session_start_info', { data: { case: 'sessionStartInfo', value: start } }),
  ];
}

/** The end of a run that is complete. @param time milliseconds since 1970 */
export function hparamsEnd(time: number): SummaryValue {
  const value = { status: Status.SUCCESS, endTimeSecs: time / 1000 };
  return hparamsSummary('_hparams_/session_end_info', { data: { case: 'sessionEndInfo', value } });
}

function hparamsSummary(tag: string, data: MessageInitShape<typeof HParamsPluginDataSchema>): SummaryValue {
  const content = toBinary(HParamsPluginDataSchema, create(HParamsPluginDataSchema, data));
  return { tag, metadata: { pluginData: { pluginName: 'hparams', content } } };
}

function typeOf(value: Hyperparameter): DataType {
  if (typeof value === 'number') return DataType.FLOAT64;
  return typeof value === 'boolean' ? DataType.BOOL : DataType.STRING;
}

function protobufValue(value: Hyperparameter) {
  if (typeof value === 'number') return create(ValueSchema, { kind: { case: 'numberValue', value } });
  if (typeof value === 'boolean') return create(ValueSchema, { kind: { case: 'boolValue', value } });
  return create(ValueSchema, { kind: { case: 'stringValue', value } });
}
