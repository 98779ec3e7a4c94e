/** Cyclic redundancy checks of 32 bits, least significant bit first. (Node has its own crc32 only from 20.15 on, and no CRC-32C.) */

/** Remainders of all bytes for a reversed polynomial. */
function remainders(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++)
      remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
    return remainder;
  });
}

function checksum(table: Uint32Array, bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (let i = 0; i < bytes.length; i++)
    remainder = table[(remainder ^ bytes[i]!) & 0xff]! ^ (remainder >>> 8);
  return ~remainder >>> 0;
}

const zip = remainders(0xedb88320);
const castagnoli = remainders(0x82f63b78);

/** CRC-32 as in ZIP (ISO 3309). */
export function crc32(bytes: Uint8Array): number {
  return checksum(zip, bytes);
}

/** CRC-32C (Castagnoli) as in TFRecord files. */
export function crc32c(bytes: Uint8Array): number {
  return checksum(castagnoli, bytes);
}
