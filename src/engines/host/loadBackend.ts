import { soloCommunicator } from '../../distributed/communicator.js';
import { errorMessage, UserError } from '../../errors.js';
import type { BackendFactory, BackendOptions, EngineBackend } from '../engine.js';
import { type JoinedRanks, joinRanks } from './rankBackend.js';

/** Which backend a worker loads. */
export interface BackendModule {
  /** The engine's name. */
  readonly name: string;
  /** URL of a module that exports `createBackend`, a {@link BackendFactory}. */
  readonly module: string;
  /** The ranks to join. Absent: the process is on its own. */
  readonly ranks?: JoinedRanks | undefined;
  readonly options: BackendOptions;
}

/**
 * Loads a backend by dynamic import, so that one engine's library is not needed for another.
 *
 * @throws UserError when the module cannot be loaded, or the ranks cannot be joined; whatever its factory throws
 */
export async function loadBackend({ name, module, ranks, options }: BackendModule): Promise<EngineBackend> {
  const factory = await factoryOf(name, module);
  return ranks && ranks.size > 1 ? joinRanks(ranks, factory, options) : factory(options, soloCommunicator);
}

async function factoryOf(name: string, module: string): Promise<BackendFactory> {
  try {
    const { createBackend }: { createBackend: BackendFactory } = await import(module);
    return createBackend;
  } catch (error) {
    throw new UserError(`the ${name} engine cannot be loaded: ${errorMessage(error)}`);
  }
}
