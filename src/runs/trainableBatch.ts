import type { Ranks } from '../distributed/communicator.js';
import { Graph } from '../graph/graph.js';
import type { Model } from '../models/model.js';
import { Trace } from '../nn/trace.js';
import { freezingOf } from './fineTuning.js';
import { partOf } from './rankShare.js';
import type { TrainConfig } from './trainConfig.js';

/**
 * Rejects batches, or ranks' parts of them, of one image that a batch normalisation would see as one value per channel, before
 * anything is computed, also where it is trained only once it is no longer frozen.
 *
 * @throws SettingError naming the layer and the settings, and where the ranks cannot share a batch
 */
export function expectTrainableBatch(model: Model, config: TrainConfig, { size }: Pick<Ranks, 'size'>): void {
  const batchSize = partOf(config, { size });
  if (batchSize > 1) return;
  const freezing = freezingOf(config, model);
  const thaws = freezing?.until !== undefined && freezing.until < config.epochs;
  const frozen = thaws ? undefined : freezing?.names;
  const graph = new Graph();
  const trace = new Trace(graph, model, true, { frozen, syncRanks: config.syncBatchNorm ? size : 1 });
  model.forward(graph.input('images', model.imagesShape(batchSize)), trace);
}
