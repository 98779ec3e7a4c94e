import { UserError } from '../errors.js';
import { recogniseModel } from '../models/recognise.js';
import { families, isModelName } from '../models/registry.js';
import type { WeightsFile } from '../train/weights.js';
import { alikeModels } from './architecture.js';
import { localWeights } from './hub/localWeights.js';
import { describeUnknown, nameOfKind } from './misfit.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import type { TrainConfig } from './trainConfig.js';
import { readWeights } from './weights.js';

/** Weights that a run starts with; `path` is what messages call them. */
export type PretrainedWeights = WeightsFile & { readonly path: string };

/**
 * The weights that a new run starts with, fetched if they are published ones; undefined if it has none.
 *
 * @throws UserError when they cannot be had
 */
export async function pretrainedWeights(
  { pretrained, pretrainedEma: ema }: Pick<TrainConfig, 'pretrained' | 'pretrainedEma'>,
  onEvent: RunListener | undefined,
): Promise<PretrainedWeights | undefined> {
  if (pretrained === null) return undefined;
  const path = await localWeights(pretrained, onEvent);
  return { ...readWeights(path, { ema }), path: pretrained };
}

/**
 * Fetches the weights that a new run starts with, before its folder is made.
 *
 * @param settings the run's, without defaults
 * @returns the settings of the weights' own model, if the settings name none
 * @throws UserError when the weights cannot be had, or their model is needed and unknown
 */
export async function fetchPretrained(
  { model, pretrained = null, pretrainedEma }: Partial<TrainConfig>,
  onEvent: RunListener | undefined,
): Promise<Partial<TrainConfig>> {
  if (pretrained === null) return {};
  const path = await localWeights(pretrained, onEvent);
  if (model !== undefined) return {};
  const weights = readWeights(path, { ema: pretrainedEma });
  const { info, tensors, architecture } = weights;
  const kind = info?.model ?? recogniseModel(tensors, families, architecture);
  if (!kind || !isModelName(kind.name)) throw new UserError(`${pretrained}: ${describeUnknown(tensors)}`);
  const others = info ? [] : alikeModels(weights, kind.name);
  const alike = others.map((name) => `; ${name} has the same tensors and computes otherwise`);
  const text = `the model is that of ${pretrained}: ${nameOfKind(kind)}${alike.join('')}`;
  onEvent?.(noticeEvent('settings', () => text));
  return { model: kind.name, ...families.optionsOf(kind) };
}
