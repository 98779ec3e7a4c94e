import { UserError } from '../errors.js';
import { compareStateDict, describeDifference } from '../formats/stateDictMatch.js';
import { bytesOf, isFloating, type StoredTensors, toFloat32, toInt64 } from '../formats/tensor.js';
import type { Model } from '../models/model.js';
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

/**
 * Rejects tensors that do not fit the expected entries.
 *
 * @param expected required entries; counters may be missing
 * @param allowOthers whether tensors beyond the expected ones are accepted
 * @throws UserError listing missing, unexpected and misshapen tensors by name
 */
export function checkStateDict(
  tensors: ReadonlyMap<string, StateTensor>,
  expected: readonly Pick<StateEntry, 'name' | 'shape' | 'kind'>[],
  allowOthers: boolean,
): void {
  const counters = new Set(expected.flatMap(({ name, kind }) => (kind === 'counter' ? [name] : [])));
  const difference = compareStateDict(tensors, expected, { optional: (name) => counters.has(name) });
  const text = describeDifference(allowOthers ? { ...difference, unexpected: [] } : difference);
  if (text !== undefined) throw new UserError(`the tensors do not fit the model: ${text}`);
}

/** Tensors of a file in the learner's types: floats as f32, integers as int64. */
export function fromStored(tensors: StoredTensors): StateDictTensors {
  return new Map(
    [...tensors].map(([name, tensor]): [string, StateTensor] => {
      const { dtype, shape } = tensor;
      return [
        name,
        isFloating(dtype)
          ? { dtype: 'f32', shape, data: toFloat32(tensor) }
          : { dtype: 'i64', shape, data: toInt64(tensor) },
      ];
    }),
  );
}

/** Tensors as stored in files; the bytes are not copied. */
export function toStored(tensors: StateDictTensors): StoredTensors {
  return new Map(
    [...tensors].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: bytesOf(data) }]),
  );
}

/** A model's whole state in PyTorch's order, from tensors accepted by {@link checkStateDict}; missing counters are 0. */
export function stateDictOf(model: Model, tensors: StateDictTensors): StateDictTensors {
  return new Map(
    model.stateEntries().map(({ name, kind, shape }): [string, StateTensor] => {
      const tensor = tensors.get(name);
      if (kind === 'counter') return [name, tensor ?? counterTensor(0)];
      if (!tensor) throw new UserError(`${name} is missing`);
      return [name, { dtype: 'f32', shape, data: floatsOf(tensor) }];
    }),
  );
}

/** The host's part of a state dict: numbers of passes. */
export type Counters = ReadonlyMap<string, number>;

/** State entries with values read from an engine, in the entries' order. */
export function namedState(
  entries: readonly StateEntry[],
  dataOf: (name: string) => Float32Array,
  counters: Counters,
): StateDictTensors {
  return new Map(
    entries.map(({ name, kind, shape }): [string, StateTensor] =>
      kind === 'counter'
        ? [name, counterTensor(counters.get(name)!)]
        : [name, { dtype: 'f32', shape, data: dataOf(name) }],
    ),
  );
}
