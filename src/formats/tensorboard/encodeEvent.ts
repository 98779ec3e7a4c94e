import { create, toBinary } from '@bufbuild/protobuf';
import { crc32c } from '../crc.js';
import { type Event, EventSchema } from './events_pb.js';

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

/**
 * A record of a TFRecord file: length (64 bits) and its checksum, message and its checksum
 * (https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details).
 */
function record(event: Event): Uint8Array {
  const message = toBinary(EventSchema, event);
  const framed = new Uint8Array(12 + message.length + 4);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedChecksum(framed.subarray(0, 8)), true);
  framed.set(message, 12);
  view.setUint32(12 + message.length, maskedChecksum(message), true);
  return framed;
}

/** `rotate_right(CRC-32C, 15) + 0xa282ead8`, so that a checksum of a record that holds checksums is of use. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
