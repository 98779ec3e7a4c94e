import type { Engine, EngineOptions } from '../engine.js';
import { startThread } from './channel/node.js';
import { siblingModule } from './channel/siblingModule.js';
import type { BackendModule } from './loadBackend.js';
import { startWorkerEngine } from './workerEngine.js';

/**
 * Starts an engine in a worker thread of Node's.
 *
 * @param backend its name, and the URL of a module that exports `createBackend`
 * @throws whatever the backend's factory throws
 */
export function startThreadEngine(
  { name, module }: { readonly name: string; readonly module: URL },
  options: Required<EngineOptions>,
): Promise<Engine> {
  const worker = startThread(siblingModule('./engine.worker.js', import.meta.url));
  return startWorkerEngine<BackendModule>(worker, name, { name, module: module.href, options });
}
