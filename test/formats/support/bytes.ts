/** Bytes of text, one a character: pickles are written so in Python's own listings. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** Chunks one after the other. */
export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(chunks));
}

/** Unsigned little-endian integers of given sizes in bytes: `[value, size]`. */
export function littleEndian(...fields: readonly (readonly [number, 1 | 2 | 4 | 8])[]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([value, size]) =>
      Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256),
    ),
  );
}
