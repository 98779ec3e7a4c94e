import { type NoticeListener, type SettingText, UserError, withKeys } from '../errors.js';
import type { Model } from '../models/model.js';
import { modelsOf } from '../models/recognise.js';
import type { Learner } from '../train/learner.js';
import { floatsOf, type StateDictTensors, type StateTensor } from '../train/stateDict.js';
import type { WeightsFile } from '../train/weights.js';
import { areNamed, classPlaces, placeOf, someNames } from './classMapping.js';
import { localWeights } from './hub/localWeights.js';
import { describeMisfit } from './misfit.js';
import { readWeights } from './weights.js';
import { classNamesIn } from './weightsDescription.js';

/** How a run starts from the weights of a file. */
export interface PretrainedOptions {
  /** Names of the run's classes, in order. Default: none, and the classifier is initialised. */
  readonly classes?: readonly string[] | undefined;
  /** Keep the whole classifier, class by class in order, if there are no class names to match. Default false. */
  readonly keepClassifier?: boolean | undefined;
  /** Take averaged weights (EMA). Default false. */
  readonly ema?: boolean | undefined;
  /** Called with what happened to the classifier and which weights were taken. */
  readonly onNotice?: NoticeListener | undefined;
}

/**
 * Starts a run with the weights of a file, or with published ones (`timm/resnet18.a1_in1k`). Rows of the classifier are kept for the classes that the file has by name;
 * the others keep their initial values.
 *
 * @throws UserError when published weights cannot be had, or the file does not fit the model, or its classifier is to be kept and does not fit
 */
export async function loadPretrained(
  learner: Learner,
  source: string,
  options: PretrainedOptions = {},
): Promise<void> {
  const path = await localWeights(source);
  await startFromWeights(learner, { ...readWeights(path, { ema: options.ema }), path: source }, options);
}

/** {@link loadPretrained} with weights that have been read; `path` is what messages call them. */
export async function startFromWeights(
  learner: Learner,
  weights: WeightsFile & { readonly path: string },
  options: PretrainedOptions = {},
): Promise<void> {
  const notify = (text: SettingText): void => options.onNotice?.(withKeys(text), text);
  const { path } = weights;
  if (weights.notice !== undefined) notify(weights.notice);
  for (const text of weights.published?.notices ?? []) notify(() => text);
  // Of another model the classifier's shape is the least of what differs.
  refuseOthers(weights, learner.model, path);
  const rows = classifierRows(weights, learner, path, options);
  const tensors = new Map(weights.tensors);
  const initial = await learner.stateDict();
  for (const name of learner.model.classifierEntries)
    tensors.set(name, withRows(moderate(initial.get(name)!), weights.tensors.get(name), rows.from, path));
  await loadTensors(learner, tensors, path);
  notify((name) => `${path}: ${rows.notice(name)}`);
}

/** Which row of the file's classifier each class takes, −1 for its initial values; and a sentence about it. */
function classifierRows(
  weights: WeightsFile,
  { model }: Learner,
  path: string,
  { classes = [], keepClassifier = false }: PretrainedOptions,
): { from: number[]; notice: SettingText } {
  const { classes: count } = model.config;
  const found = weights.tensors.get(model.classifierEntries[0] ?? '')?.shape[0];
  const names = classNamesIn(weights, found);
  if (names && areNamed(names) && areNamed(classes)) {
    const places = classPlaces(names);
    const from = classes.map((name) => placeOf(places, name) ?? -1);
    const fresh = classes.filter((_, i) => from[i]! < 0);
    const kept = count - fresh.length;
    const rest = fresh.length > 0 ? `, ${fresh.length} initialised (${someNames(fresh)})` : '';
    return { from, notice: () => `${kept} of ${count} classifier rows kept by class name${rest}` };
  }
  if (!keepClassifier) {
    const why: SettingText = (name) =>
      found === count
        ? `without class names on both sides no row is kept unless ${name('keepClassifier')} is given`
        : `the file’s is for ${found ?? 'no'} classes`;
    return {
      from: new Array<number>(count).fill(-1),
      notice: (name) => `all ${count} classifier rows initialised: ${why(name)}`,
    };
  }
  if (found !== count)
    throw new UserError(
      `${path} has a classifier for ${found ?? 'no'} classes, which cannot be kept for ${count}`,
    );
  return {
    from: Array.from({ length: count }, (_, i) => i),
    notice: () => `all ${count} classifier rows kept by position`,
  };
}

/** A deviation that is so many times the usual one is no chance of a few values. */
const TOO_LARGE = 2;

/**
 * A classifier's initial weights, scaled down to the deviation of PyTorch's own linear layer if they have a larger one.
 * EfficientNets draw theirs for a thousand classes: for five they would be so large behind trained features that the loss starts at 5
 * and spoils those.
 */
function moderate(initial: StateTensor): StateTensor {
  const [, ...rest] = initial.shape;
  if (rest.length === 0) return initial;
  const data = floatsOf(initial);
  const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
  const usual = 1 / Math.sqrt(3 * rest.reduce((a, b) => a * b, 1));
  if (deviation <= TOO_LARGE * usual) return initial;
  return { dtype: 'f32', shape: initial.shape, data: data.map((value) => value * (usual / deviation)) };
}

/** A classifier's tensor with its initial rows replaced by rows of the file. */
function withRows(
  initial: StateTensor,
  found: StateTensor | undefined,
  from: readonly number[],
  path: string,
): StateTensor {
  if (from.every((row) => row < 0)) return initial;
  const [, ...rest] = initial.shape;
  const fits =
    found && found.shape.slice(1).join() === rest.join() && from.every((row) => row < found.shape[0]!);
  if (!fits)
    throw new UserError(
      `${path} has a classifier of the shape [${found?.shape.join(', ')}], which does not fit [${initial.shape.join(', ')}]`,
    );
  const data = floatsOf(initial);
  const source = floatsOf(found);
  const length = rest.reduce((a, b) => a * b, 1);
  from.forEach((row, i) => {
    if (row >= 0) data.set(source.subarray(row * length, (row + 1) * length), i * length);
  });
  return { dtype: 'f32', shape: initial.shape, data };
}

/** @throws UserError when a tensor that the model needs could not be read, or the tensors are those of another model */
function refuseOthers(
  { tensors, architecture, unread = new Map() }: WeightsFile,
  model: Model,
  path: string,
): void {
  const names = new Set(model.stateEntries().map(({ name }) => name));
  const needed = [...unread].find(([name]) => names.has(name));
  if (needed)
    throw new UserError(`${path} ${needed[1]}, and it is ${needed[0]}, which ${model.config.name} needs`);
  const misfit = describeMisfit(tensors, model);
  if (misfit !== undefined) throw new UserError(`${path}: ${misfit}`);
  // Of models with the same tensors only one was trained.
  const asked = model.config.name;
  if (architecture !== asked && modelsOf(tensors).some(({ name }) => name === architecture))
    throw new UserError(`${path}: it has the weights of ${architecture}, not of ${asked}`);
}

async function loadTensors(learner: Learner, tensors: StateDictTensors, path: string): Promise<void> {
  try {
    await learner.loadStateDict(tensors);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${path}: ${error.message}`);
    throw error;
  }
}
