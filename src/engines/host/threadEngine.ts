import type { Engine, EngineOptions } from '../engine.js';
import { startThread } from './channel/node.js';
import { siblingModule } from './channel/siblingModule.js';
import { type BackendModule, startWorkerEngine } from './workerEngine.js';

/**
 * Starts an engine in a worker thread of Node's.
 *
 * @throws whatever the backend's factory throws
 */
export function startThreadEngine(backend: BackendModule, options: Required<EngineOptions>): Promise<Engine> {
  return startWorkerEngine(
    startThread(siblingModule('./engine.worker.js', import.meta.url)),
    backend,
    options,
  );
}
