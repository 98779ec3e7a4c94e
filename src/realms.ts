/**
 * What kind of built-in object a value is, whichever realm made it. Test runners that use VM contexts, frames and
 * some hosts have classes of their own for arrays, maps and errors, for which `instanceof` is false.
 */

/** The built-in class of an object by its brand: `Int32Array`, `Map`, `Error`; also for their subclasses. */
function brandOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** 32-bit floats. */
export const isFloat32Array = (value: unknown): value is Float32Array => brandOf(value) === 'Float32Array';

/** 32-bit integers. */
export const isInt32Array = (value: unknown): value is Int32Array => brandOf(value) === 'Int32Array';

/** 64-bit integers. */
export const isBigInt64Array = (value: unknown): value is BigInt64Array => brandOf(value) === 'BigInt64Array';

/** Node's buffers are such arrays, too. */
export const isUint8Array = (value: unknown): value is Uint8Array => brandOf(value) === 'Uint8Array';

/** Memory that is not shared between threads. */
export const isArrayBuffer = (value: unknown): value is ArrayBuffer => brandOf(value) === 'ArrayBuffer';

/** A map, not a weak one. */
export function isMap(value: unknown): value is Map<unknown, unknown> {
  return brandOf(value) === 'Map';
}

/** A set, not a weak one. */
export function isSet(value: unknown): value is Set<unknown> {
  return brandOf(value) === 'Set';
}

/** An error of any class. */
export const isError = (value: unknown): value is Error => ['Error', 'DOMException'].includes(brandOf(value));

/** The code of a system error, such as `ENOENT`; undefined for other errors. */
export function codeOf(error: unknown): unknown {
  return isError(error) && 'code' in error ? error.code : undefined;
}
