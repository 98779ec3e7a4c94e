/**
 * Weights, inputs and labels of the golden numbers, from the formula that defines them: FNV-1a of the
 * tensor's name, XORed with i·0x9E3779B1, through MurmurHash3's fmix32, scaled to [−1, 1).
 */

/** u(name, i) for i = 0 … count − 1, in a loop: `Float64Array.from` takes seconds for a large model. */
export function formulaUniform(name: string, count: number): Float64Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let x = seed ^ Math.imul(i, 0x9e3779b1);
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    values[i] = ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1;
  }
  return values;
}

/** How a tensor's values come of u: offset + u · factor · factor. */
function range(
  leaf: string,
  shape: readonly number[],
  normed: boolean,
): readonly [offset: number, factor: number, factor: number] {
  if (leaf === 'num_batches_tracked') return [0, 0, 1];
  if (leaf === 'running_mean' || (normed && leaf === 'bias')) return [0, 0.2, 1];
  if (leaf === 'running_var') return [1, 0.5, 1];
  if (normed) return [1, 0.2, 1];
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  return leaf === 'bias' ? [0, 0.1, 1] : [0, Math.sqrt(3), Math.sqrt(2 / fanIn)];
}

/** Values of a state dict's tensor; `normed` says whether it belongs to a batch normalisation. */
export function formulaTensor(
  name: string,
  shape: readonly number[],
  normed: boolean,
  salt = '',
): Float32Array {
  const leaf = name.slice(name.lastIndexOf('.') + 1);
  const u = formulaUniform(
    salt + name,
    shape.reduce((product, size) => product * size, 1),
  );
  const [offset, first, second] = range(leaf, shape, normed);
  const values = new Float32Array(u.length);
  for (let i = 0; i < u.length; i++) values[i] = offset + u[i]! * first * second;
  return values;
}

/** Every tensor of a state dict, by name. */
export function formulaState(
  entries: readonly { readonly name: string; readonly shape: readonly number[] }[],
  salt = '',
): Map<string, Float32Array> {
  const prefix = (name: string): string => name.slice(0, name.lastIndexOf('.'));
  const normed = new Set(
    entries.filter(({ name }) => name.endsWith('.running_mean')).map(({ name }) => prefix(name)),
  );
  return new Map(
    entries.map(({ name, shape }) => [name, formulaTensor(name, shape, normed.has(prefix(name)), salt)]),
  );
}

/** The input called `name`, [batch, 3, size, size]. */
export function formulaInput(name: string, batch: number, size: number, salt = ''): Float32Array {
  const u = formulaUniform(`${salt}input:${name}`, batch * 3 * size * size);
  return new Float32Array(u.map((value) => 1.5 * value));
}

/** Labels of a batch: (n·7 + 3 + offset) mod classes. */
export function formulaLabels(batch: number, classes: number, offset = 0): Int32Array {
  return Int32Array.from({ length: batch }, (_, n) => (n * 7 + 3 + offset) % classes);
}
