import type { Communicator } from '../../distributed/communicator.js';
import type { LaunchedRanks } from '../../distributed/launcher.js';
import type { Program } from '../../graph/program.js';
import type { TensorType } from '../../graph/tensorType.js';
import type {
  BackendCompileOptions,
  BackendExecutable,
  BackendFactory,
  BackendOptions,
  BackendVariable,
  EngineBackend,
  MachinePeaks,
  Precision,
} from '../engine.js';
import { gatherProcessors, ownProcessors, threadsOfRank } from './processorShare.js';

/** The ranks to join. */
export interface JoinedRanks extends LaunchedRanks {
  /** Whether ranks share the processors of their machine, instead of taking as many threads as the options say. */
  readonly sharesProcessors: boolean;
}

/**
 * Joins the ranks that a launcher has started, and makes the backend that computes with them; it leaves them when it is closed.
 *
 * @throws UserError when MPI is missing or does not see the ranks; whatever the factory throws
 */
export async function joinRanks(
  ranks: JoinedRanks,
  factory: BackendFactory,
  options: BackendOptions,
): Promise<EngineBackend> {
  // Loaded only where there are ranks to join.
  const { openCommunicator } = await import('../../distributed/mpi/mpiCommunicator.js');
  const communicator = openCommunicator(ranks);
  const threads = ranks.sharesProcessors
    ? threadsOfRank(gatherProcessors(communicator, ownProcessors(ranks)), communicator.rank)
    : options.threads;
  return new RankBackend(await factory({ ...options, threads }, communicator), communicator);
}

/**
 * A backend on one of several ranks. Where it fails on this one, closing it does not wait for the others: they wait for this one in
 * vain until it ends.
 */
class RankBackend implements EngineBackend {
  readonly description: string;
  readonly precision: Precision;
  readonly measurePeaks?: () => MachinePeaks | Promise<MachinePeaks>;
  readonly choices?: () => Readonly<Record<string, string>>;
  private hasFailed = false;

  constructor(
    private readonly backend: EngineBackend,
    private readonly communicator: Communicator,
  ) {
    const { description, precision, measurePeaks, choices } = backend;
    this.description = `${description}; rank ${communicator.rank} of ${communicator.size}, ${communicator.description}`;
    this.precision = precision;
    if (measurePeaks) this.measurePeaks = () => measurePeaks.call(backend);
    if (choices) this.choices = () => choices.call(backend);
  }

  variable(type: TensorType): BackendVariable | Promise<BackendVariable> {
    return this.backend.variable(type);
  }

  async compile(program: Program, options: BackendCompileOptions): Promise<BackendExecutable> {
    const executable = await this.noting(() => this.backend.compile(program, options));
    const { description, profile } = executable;
    return {
      description,
      run: (inputs, run) => this.noting(() => executable.run(inputs, run)),
      ...(profile && { profile: (inputs, run) => this.noting(() => profile.call(executable, inputs, run)) }),
      close: () => executable.close(),
    };
  }

  async close(): Promise<void> {
    await this.backend.close();
    if (!this.hasFailed) this.communicator.close();
  }

  private async noting<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }
}
