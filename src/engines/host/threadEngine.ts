import type { LaunchedRanks } from '../../distributed/launcher.js';
import type { Engine, EngineOptions } from '../engine.js';
import { startThread } from './channel/node.js';
import { siblingModule } from './channel/siblingModule.js';
import type { BackendModule } from './loadBackend.js';
import { startWorkerEngine } from './workerEngine.js';

/**
 * Starts an engine in a Node.js worker thread.
 *
 * @param backend its name, the URL of a module that exports `createBackend`, and the ranks to join, if any
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
    readonly ranks?: LaunchedRanks | undefined;
  },
  options: Required<EngineOptions>,
): Promise<Engine> {
  const worker = startThread(siblingModule('./engine.worker.js', import.meta.url));
  return startWorkerEngine<BackendModule>(worker, name, { name, module: module.href, ranks, options });
}
