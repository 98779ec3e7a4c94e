import { isMap } from '../../realms.js';
import { describeValue, InertObject, PickleFault, type PickleValue, textOf } from '../pickle/values.js';
import { printable, quoted } from '../quote.js';
import { withoutPrefixes } from '../stateNames.js';
import { TorchTensor } from './objects.js';

/** Keys under which checkpoints have their state dict, in the order in which they are looked for. */
const WEIGHTS = [
  'net',
  'state_dict',
  'model_state_dict',
  'model',
  'model_state',
  'network',
  'module',
  'weights',
  'params',
] as const;

/** Keys of averaged weights (exponential moving average), in the order in which they are looked for. */
const AVERAGED = [
  'state_dict_ema',
  'model_ema',
  'ema_state_dict',
  'model_ema_state_dict',
  'ema_model',
  'ema',
  'params_ema',
] as const;

/** Dicts within dicts that are looked through for a state dict. */
const DEEPEST = 3;

/** A state dict and what stands beside it. */
export interface Unwrapped {
  /** The keys that lead to it, with dots between; null where the file is the state dict. */
  readonly wrapper: string | null;
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** Entries of the state dict that are not readable tensors, with the reason. */
  readonly unread: ReadonlyMap<string, string>;
  /** Other entries of the file's dict, or of the state dict itself where nothing wraps it. */
  readonly others: ReadonlyMap<string, PickleValue>;
  /** The key of averaged weights in the file, if it has any. */
  readonly averagedKey?: string | undefined;
  /** Whether `tensors` are those. */
  readonly averaged: boolean;
}

type Dict = ReadonlyMap<PickleValue, PickleValue>;

/** A state dict within the file's dict. */
interface Found {
  readonly path: readonly string[];
  readonly dict: Dict;
}

/**
 * Finds the state dict in a checkpoint's object, and takes wrappers' prefixes off its names.
 *
 * @param averaged whether averaged weights are wanted
 * @throws PickleFault when there is none
 */
export function unwrap(root: PickleValue, averaged: boolean): Unwrapped {
  if (!isMap(root)) throw new PickleFault(notADict(root));
  const own = find(root, WEIGHTS);
  const mean = find(root, AVERAGED);
  const averagedKey = mean?.path.join('.');
  if (averaged && !mean)
    throw new PickleFault(
      `has no averaged weights (EMA): none of ${AVERAGED.map(quoted).join(', ')} is in it`,
    );
  const found = averaged ? mean : (own ?? (hasTensors(root) ? undefined : mean));
  if (found) {
    const others = [...root].filter(([key]) => key !== found.path[0]);
    return {
      wrapper: found.path.join('.'),
      ...stateDict([...found.dict]),
      others: named(others),
      averagedKey,
      averaged: found === mean,
    };
  }
  if (!hasTensors(root)) throw new PickleFault(withoutTensors(root));
  // Scalars and objects beside the tensors are not weights; a dict or list might hold some.
  const isBeside = (value: PickleValue): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (value instanceof InertObject && value.fault === undefined);
  const entries = [...root].filter(([key]) => key !== mean?.path[0]);
  return {
    wrapper: null,
    ...stateDict(entries.filter(([, value]) => !isBeside(value))),
    others: named(entries.filter(([, value]) => isBeside(value))),
    averagedKey,
    averaged: false,
  };
}

/** The state dict under the first of the keys that has one. */
function find(root: Dict, keys: readonly string[], depth = 1): Found | undefined {
  for (const key of keys) {
    const value = root.get(key);
    if (!isMap(value)) continue;
    if (hasTensors(value)) return { path: [key], dict: value };
    const inner = depth < DEEPEST ? find(value, WEIGHTS, depth + 1) : undefined;
    if (inner) return { path: [key, ...inner.path], dict: inner.dict };
  }
  return undefined;
}

function hasTensors(dict: Dict): boolean {
  for (const value of dict.values()) if (value instanceof TorchTensor) return true;
  return false;
}

function stateDict(
  entries: readonly (readonly [PickleValue, PickleValue])[],
): Pick<Unwrapped, 'tensors' | 'unread'> {
  const found = new Map<string, TorchTensor | string>();
  for (const [key, value] of entries) {
    const name = textOf(key);
    if (name === undefined) throw new PickleFault(`has ${describeValue(key)} as the name of a tensor`);
    if (value instanceof TorchTensor) found.set(name, value);
    else if (value instanceof InertObject)
      found.set(name, value.fault ?? `has ${describeValue(value)} there`);
    else throw new PickleFault(`has ${describeValue(value)} as ${quoted(name)} among its tensors`);
  }
  const plain = withoutPrefixes(found);
  if (!plain) throw new PickleFault('has two tensors whose names differ only by "_orig_mod."');
  const tensors = new Map<string, TorchTensor>();
  const unread = new Map<string, string>();
  for (const [name, value] of plain) {
    if (typeof value === 'string') unread.set(name, value);
    else tensors.set(name, value);
  }
  return { tensors, unread };
}

function named(entries: readonly (readonly [PickleValue, PickleValue])[]): Map<string, PickleValue> {
  return new Map(
    entries.flatMap(([key, value]): [string, PickleValue][] =>
      typeof key === 'string' ? [[key, value]] : [],
    ),
  );
}

function notADict(root: PickleValue): string {
  if (root instanceof InertObject && root.isModule) return wholeModel(root);
  if (root instanceof InertObject && root.fault !== undefined) return root.fault;
  return `holds ${describeValue(root)}, where a dict of tensors is expected`;
}

function wholeModel({ name }: InertObject): string {
  return `is a whole pickled model, a ${printable(name)}, which only its own Python code can load: in Python, save model.state_dict() instead`;
}

function withoutTensors(root: Dict): string {
  for (const [key, value] of root) {
    if (!(value instanceof InertObject)) continue;
    if (value.isModule)
      return `has a whole pickled model under ${quoted(textOf(key) ?? '')}: ${wholeModel(value)}`;
  }
  const faults = [...root].flatMap(([key, value]) =>
    value instanceof InertObject && value.fault !== undefined
      ? [`${quoted(textOf(key) ?? '')} ${value.fault}`]
      : [],
  );
  if (faults.length > 0) return `has no tensor that can be read: ${faults[0]}`;
  const keys = [...root.keys()].slice(0, 10).map((key) => textOf(key) ?? describeValue(key));
  const found = keys.length > 0 ? `its keys are ${keys.map(quoted).join(', ')}` : 'it is empty';
  const places = WEIGHTS.slice(0, 4).map(quoted).join(', ');
  return `has no tensors, neither at the top level nor under ${places} and the like: ${found}`;
}
