import { errorMessage, UserError } from '../../errors.js';
import type { BackendFactory, EngineBackend, EngineOptions } from '../engine.js';

/** Which backend a worker is to load. */
export interface BackendModule {
  /** The engine's name. */
  readonly name: string;
  /** URL of a module that exports `createBackend`, a {@link BackendFactory}. */
  readonly module: string;
  readonly options: Required<EngineOptions>;
}

/**
 * Loads a backend by dynamic import, so that one engine's library is not needed for another.
 *
 * @throws UserError when the module cannot be loaded; whatever its factory throws
 */
export async function loadBackend({ name, module, options }: BackendModule): Promise<EngineBackend> {
  return (await factoryOf(name, module))(options);
}

async function factoryOf(name: string, module: string): Promise<BackendFactory> {
  try {
    const { createBackend }: { createBackend: BackendFactory } = await import(module);
    return createBackend;
  } catch (error) {
    throw new UserError(`the ${name} engine cannot be loaded: ${errorMessage(error)}`);
  }
}
