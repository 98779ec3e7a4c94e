import { describeValue, PickleFault, type PickleValue, textOf } from '../pickle/values.js';
import { quoted } from '../quote.js';
import { TorchTensor } from './objects.js';

/** Keys under which checkpoints have their state dict, in the order in which they are looked for. */
export const WRAPPERS = ['net', 'state_dict', 'model'] as const;

/** Key of a state dict in a checkpoint. */
export type Wrapper = (typeof WRAPPERS)[number];

/** A state dict and what stands beside it. */
export interface Unwrapped {
  readonly wrapper: Wrapper | null;
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** Other entries of the same dict as the wrapper's key, or of the state dict itself where nothing wraps it. */
  readonly others: ReadonlyMap<string, PickleValue>;
}

/** Finds the state dict in a checkpoint's object, and takes DataParallel's `module.` off its names. @throws PickleFault when there is none */
export function unwrap(root: PickleValue): Unwrapped {
  if (!(root instanceof Map))
    throw new PickleFault(`holds ${describeValue(root)}, where a dict of tensors must be`);
  for (const wrapper of WRAPPERS) {
    const dict = root.get(wrapper);
    if (!(dict instanceof Map) || !hasTensors(dict)) continue;
    const tensors = new Map<string, TorchTensor>();
    for (const [key, value] of dict) tensors.set(nameOf(key), requireTensor(key, value));
    const others = [...root].filter(([key]) => key !== wrapper);
    return { wrapper, tensors: withoutModule(tensors), others: named(others) };
  }
  if (!hasTensors(root)) throw new PickleFault(withoutTensors(root));
  const entries = [...root];
  const tensors = entries.flatMap(([key, value]): [string, TorchTensor][] =>
    value instanceof TorchTensor ? [[nameOf(key), value]] : [],
  );
  const others = entries.filter(([, value]) => !(value instanceof TorchTensor));
  const container = others.find(([, value]) => typeof value === 'object' && value !== null);
  if (container) requireTensor(container[0], container[1]);
  return { wrapper: null, tensors: withoutModule(new Map(tensors)), others: named(others) };
}

function hasTensors(dict: ReadonlyMap<PickleValue, PickleValue>): boolean {
  for (const value of dict.values()) if (value instanceof TorchTensor) return true;
  return false;
}

function nameOf(key: PickleValue): string {
  const name = textOf(key);
  if (name === undefined) throw new PickleFault(`has ${describeValue(key)} as the name of a tensor`);
  return name;
}

function requireTensor(key: PickleValue, value: PickleValue): TorchTensor {
  if (value instanceof TorchTensor) return value;
  throw new PickleFault(`has ${describeValue(value)} as ${quoted(nameOf(key))} among its tensors`);
}

function named(entries: readonly [PickleValue, PickleValue][]): Map<string, PickleValue> {
  return new Map(entries.flatMap(([key, value]) => (typeof key === 'string' ? [[key, value]] : [])));
}

function withoutTensors(root: ReadonlyMap<PickleValue, PickleValue>): string {
  const keys = [...root.keys()].slice(0, 10).map((key) => textOf(key) ?? describeValue(key));
  const found = keys.length > 0 ? `its keys are ${keys.map(quoted).join(', ')}` : 'it is empty';
  return `has no tensors, neither of its own nor under ${WRAPPERS.map(quoted).join(', ')}: ${found}`;
}

/** `torch.nn.DataParallel` puts `module.` before every name. */
function withoutModule(tensors: ReadonlyMap<string, TorchTensor>): ReadonlyMap<string, TorchTensor> {
  const prefix = 'module.';
  if (![...tensors.keys()].every((name) => name.startsWith(prefix))) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
