import type { BackendOptions, Engine, MeasuringListener } from '../engine.js';
import { startThread } from './channel/node.js';
import { siblingModule } from './channel/siblingModule.js';
import type { BackendModule } from './loadBackend.js';
import type { JoinedRanks } from './rankBackend.js';
import { startWorkerEngine } from './workerEngine.js';

/**
 * Starts an engine in a Node.js worker thread.
 *
 * @param backend its name, the URL of a module that exports `createBackend`, and the ranks to join, if any
 * @param onMeasuring called while programs that are compiled wait for measurements
 * @throws whatever the backend's factory throws
 */
export function startThreadEngine(
  {
    name,
    module,
    ranks,
  }: {
    readonly name: string;
    readonly module: URL;
    readonly ranks?: JoinedRanks | undefined;
  },
  options: BackendOptions,
  onMeasuring?: MeasuringListener,
): Promise<Engine> {
  const worker = startThread(siblingModule('./engine.worker.js', import.meta.url));
  const start = { name, module: module.href, ranks, options };
  return startWorkerEngine<BackendModule>(worker, name, start, onMeasuring);
}
