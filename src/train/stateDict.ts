import { UserError } from '../errors.js';
import { type StoredTensors, toFloat32 } from '../formats/tensor.js';
import type { StateEntry } from '../nn/module.js';

/** A tensor of a state dict on the host, row-major: f32, or int64 for counters. */
export type StateTensor =
  | { readonly dtype: 'f32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'i64'; readonly shape: readonly number[]; readonly data: BigInt64Array };

/** Tensors by name, in order. */
export type StateDictTensors = Map<string, StateTensor>;

/** An int64 scalar. */
export function counterTensor(count: number): StateTensor {
  return { dtype: 'i64', shape: [], data: BigInt64Array.of(BigInt(count)) };
}

/** The values of a tensor as 32-bit floats, in a new array. */
export function floatsOf(tensor: StateTensor): Float32Array {
  return tensor.dtype === 'f32' ? tensor.data.slice() : Float32Array.from(tensor.data, Number);
}

/** Names in a message at most. */
const LISTED = 10;

function list(kind: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const more = items.length > LISTED ? ` and ${items.length - LISTED} more` : '';
  return [`${kind}: ${items.slice(0, LISTED).join(', ')}${more}`];
}

/**
 * Refuses tensors that do not fit the expected entries.
 *
 * @param expected what must be there; counters may be missing
 * @param allowOthers whether tensors beyond the expected ones are accepted
 * @throws UserError listing missing, unexpected and misshapen tensors by name
 */
export function checkStateDict(
  tensors: ReadonlyMap<string, StateTensor>,
  expected: readonly Pick<StateEntry, 'name' | 'shape' | 'kind'>[],
  allowOthers: boolean,
): void {
  const names = new Set(expected.map(({ name }) => name));
  const missing = expected
    .filter(({ name, kind }) => kind !== 'counter' && !tensors.has(name))
    .map(({ name }) => name);
  const unexpected = allowOthers ? [] : [...tensors.keys()].filter((name) => !names.has(name));
  const misshapen = expected.flatMap(({ name, shape }) => {
    const found = tensors.get(name)?.shape;
    return found && found.join() !== shape.join()
      ? [`${name} [${found.join(', ')}] instead of [${shape.join(', ')}]`]
      : [];
  });
  const problems = [
    ...list('missing', missing),
    ...list('unexpected', unexpected),
    ...list('of another shape', misshapen),
  ];
  if (problems.length > 0) throw new UserError(`the tensors do not fit the model: ${problems.join('; ')}`);
}

/** Tensors of a file, as the learner takes them: floats as f32, integers as int64. */
export function fromStored(tensors: StoredTensors): StateDictTensors {
  return new Map(
    [...tensors].map(([name, tensor]): [string, StateTensor] => {
      const { dtype, shape } = tensor;
      const integer =
        dtype === 'i64' || dtype === 'i32' || dtype === 'i16' || dtype === 'i8' || dtype === 'u8';
      const data = toFloat32(tensor);
      return [
        name,
        integer
          ? { dtype: 'i64', shape, data: BigInt64Array.from(data, (x) => BigInt(x)) }
          : { dtype: 'f32', shape, data },
      ];
    }),
  );
}
