import { inputsOf, type Program } from '../../graph/program.js';
import type { TensorData } from '../../graph/tensorType.js';
import type { Executable, ProfileEntry, RunOptions } from '../engine.js';
import { type InputData, isImageBytes, type NamedInputs } from '../imageBytes.js';
import type { RemoteCalls } from './channel/remoteCalls.js';
import { buffersIn, wholeBuffer } from './channel/transfer.js';
import { checkAhead, checkInputs } from './checks.js';
import type { EngineCalls, ExecutableId } from './engineCalls.js';

/** A program in an engine's worker. */
export interface RemoteProgram {
  readonly calls: RemoteCalls<EngineCalls<never>>;
  readonly executable: ExecutableId;
  readonly program: Program;
  /** Whether it can be profiled. */
  readonly profiles: boolean;
  /** Whether a run takes inputs of the next one. */
  readonly takesAhead: boolean;
  /** Whether images may be bytes. */
  readonly takesBytes: boolean;
}

/** Arrays with buffers of their own, which can be transferred. */
function whole(inputs: NamedInputs): NamedInputs {
  return Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, wholeInput(data)]));
}

function wholeInput(data: InputData): InputData {
  if (!isImageBytes(data)) return wholeBuffer(data);
  const { pixels, placements, tables } = data;
  return { pixels: wholeBuffer(pixels), placements: wholeBuffer(placements), tables: tables.slice() };
}

/** The calling thread's side of an executable. */
export function workerExecutable(remote: RemoteProgram): Executable {
  const { calls, executable, takesBytes } = remote;
  // Once, not in each run: a program has hundreds of nodes.
  const types = inputsOf(remote.program);
  /** Inputs that the worker has for the next run. */
  let waiting: ReadonlySet<string> = new Set();
  const run = async (
    given: NamedInputs,
    { seed = 0, step = 0 }: RunOptions = {},
    givenAhead?: NamedInputs,
  ): Promise<Record<string, TensorData>> => {
    const inputs = whole(checkInputs(types, given, { waiting, takesBytes }));
    const ahead = givenAhead && whole(checkAhead(types, givenAhead, remote));
    // Calls are answered in order: a run may be requested before the one before it is done.
    waiting = new Set(Object.keys(ahead ?? {}));
    const sent = waiting;
    try {
      const args = { executable, inputs, options: { seed, step }, ahead };
      return await calls.call('run', args, buffersIn([inputs, ahead]));
    } catch (error) {
      if (waiting === sent) waiting = new Set();
      throw error;
    }
  };
  const profile = async (
    given: NamedInputs,
    { seed = 0, step = 0 }: RunOptions = {},
  ): Promise<ProfileEntry[]> => {
    waiting = new Set();
    const inputs = whole(checkInputs(types, given, { takesBytes }));
    return calls.call('profile', { executable, inputs, options: { seed, step } }, buffersIn(inputs));
  };
  return {
    run,
    ...(remote.profiles ? { profile } : {}),
    close: async () => {
      // If the worker is gone, there is nothing to free.
      if (!calls.isStopped) await calls.call('release', { executable });
    },
  };
}
