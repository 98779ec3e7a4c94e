import { toBinary } from '@bufbuild/protobuf';
import { crc32c } from '../crc.js';
import { type Event, EventSchema } from './events_pb.js';

/** Bytes of a record before its message, and in all besides it. */
const HEAD = 12;
const FRAME = 16;

/**
 * A record of a TFRecord file: length (64 bits) and its checksum, message and its checksum
 * (https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details).
 */
export function encodeRecord(event: Event): Uint8Array {
  const message = toBinary(EventSchema, event);
  const framed = new Uint8Array(FRAME + message.length);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedChecksum(framed.subarray(0, 8)), true);
  framed.set(message, HEAD);
  view.setUint32(HEAD + message.length, maskedChecksum(message), true);
  return framed;
}

/** The records of a file, whole and as their messages; one that is cut off at the end is left out. */
export function* recordsOf(
  file: Uint8Array,
): Generator<{ readonly record: Uint8Array; readonly message: Uint8Array }> {
  for (let start = 0; start + FRAME <= file.length; ) {
    const length = Number(new DataView(file.buffer, file.byteOffset + start).getBigUint64(0, true));
    const end = start + FRAME + length;
    if (end > file.length) return;
    yield { record: file.subarray(start, end), message: file.subarray(start + HEAD, end - 4) };
    start = end;
  }
}

/** `rotate_right(CRC-32C, 15) + 0xa282ead8`, so that checksums of data that contains checksums stay meaningful. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
