/** More bytes are not kept for the next ones. */
const MOST_KEPT = 2 ** 26;

/** Memory for bytes that are done with before the next ones come: new memory for each image is work for the garbage collector. */
export class ReusedBytes {
  private kept = new Uint8Array(0);

  /** So many bytes, of any values; they are valid until the next call. */
  of(length: number): Uint8Array {
    if (length > MOST_KEPT) return new Uint8Array(length);
    if (length > this.kept.length) this.kept = new Uint8Array(Math.min(Math.ceil(1.5 * length), MOST_KEPT));
    return this.kept.subarray(0, length);
  }
}
