import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { crc32c } from '../crc.js';
import { type Event, EventSchema, SessionLog_SessionStatus } from './events_pb.js';

/** A number at a step, as TensorBoard draws it in the chart called `tag`. */
export interface ScalarEvent {
  /** Name of the chart; a slash groups charts, as in `Loss/train`. */
  readonly tag: string;
  /** Whole number, the chart's horizontal axis. */
  readonly step: number;
  /** Rounded to 32 bits. May be infinite or not a number. */
  readonly value: number;
  /** Milliseconds since 1970, as Date.now() has them. */
  readonly time: number;
}

/** The record that begins a file. @param time milliseconds since 1970 */
export function encodeFileHeader(time: number): Uint8Array {
  return record(
    create(EventSchema, { wallTime: time / 1000, what: { case: 'fileVersion', value: 'brain.Event:2' } }),
  );
}

/** The record of a number. */
export function encodeScalarEvent({ tag, step, value, time }: ScalarEvent): Uint8Array {
  const summary = { value: [{ tag, value: { case: 'simpleValue' as const, value } }] };
  return record(
    create(EventSchema, {
      wallTime: time / 1000,
      step: BigInt(step),
      what: { case: 'summary', value: summary },
    }),
  );
}

/** The record that begins the session of a resumed run, whose first step it names. */
export function encodeSessionStart({ step, time }: Pick<ScalarEvent, 'step' | 'time'>): Uint8Array {
  const what = { case: 'sessionLog' as const, value: { status: SessionLog_SessionStatus.START } };
  return record(create(EventSchema, { wallTime: time / 1000, step: BigInt(step), what }));
}

/**
 * The records of an event file that a test keeps.
 *
 * @param keep called with each number's chart and step; records of other kinds stay
 * @returns the same bytes where all stay; a record that was cut off at the end goes
 */
export function filterScalarEvents(
  bytes: Uint8Array,
  keep: (scalar: { readonly tag: string; readonly step: number }) => boolean,
): Uint8Array {
  const kept: Uint8Array[] = [];
  for (let start = 0; start + FRAME <= bytes.length; ) {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset + start).getBigUint64(0, true));
    const end = start + FRAME + length;
    if (end > bytes.length) break;
    const { step, what } = fromBinary(EventSchema, bytes.subarray(start + 12, end - 4));
    const [scalar] = what.case === 'summary' ? what.value.value : [];
    if (scalar === undefined || keep({ tag: scalar.tag, step: Number(step) }))
      kept.push(bytes.subarray(start, end));
    start = end;
  }
  const total = kept.reduce((sum, { length }) => sum + length, 0);
  if (total === bytes.length) return bytes;
  const joined = new Uint8Array(total);
  let at = 0;
  for (const part of kept) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Bytes of a record besides its message. */
const FRAME = 16;

/**
 * A record of a TFRecord file: length (64 bits) and its checksum, message and its checksum
 * (https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details).
 */
function record(event: Event): Uint8Array {
  const message = toBinary(EventSchema, event);
  const framed = new Uint8Array(FRAME + message.length);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedChecksum(framed.subarray(0, 8)), true);
  framed.set(message, 12);
  view.setUint32(12 + message.length, maskedChecksum(message), true);
  return framed;
}

/** `rotate_right(CRC-32C, 15) + 0xa282ead8`, so that checksums of data that contains checksums stay meaningful. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
