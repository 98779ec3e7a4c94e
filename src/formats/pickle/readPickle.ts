import { errorMessage, UserError } from '../../errors.js';
import { bytesOf } from '../tensor.js';
import { type MachineOptions, PickleMachine } from './machine.js';
import { instructions } from './opcodes.js';
import { PickleFault, type PickleValue } from './values.js';

const STOP = 0x2e;

/** How a pickle is read. */
export interface PickleOptions extends MachineOptions {
  /** The file's name, for messages. */
  readonly fileName: string;
  /** Where in the bytes the pickle begins. Default 0. */
  readonly start?: number;
}

/** A pickle's contents, and where it ends. */
export interface PickleResult {
  readonly value: PickleValue;
  /** Position after the pickle's last byte. */
  readonly end: number;
}

/**
 * Reads a pickle of protocol 0 to 5 without executing any of its code: what it refers to is looked up in
 * `globals`, and everything else is refused by name, or becomes an inert placeholder where `unknown` says
 * so. Left out are extension registries and buffers outside of the pickle.
 *
 * Time and memory are bounded: 5 million instructions, 500,000 objects, 1,000,000 remembered ones, and
 * copies of 32 MiB and twice the file.
 *
 * @throws UserError when the pickle is malformed, truncated, beyond a limit, or asks for what is not allowed
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): PickleResult {
  return withFileName(options.fileName, () => {
    const machine = new PickleMachine(bytesOf(bytes), options.start ?? 0, options);
    const { cursor } = machine;
    for (;;) {
      machine.step();
      const opcode = cursor.u8();
      if (opcode === STOP) return { value: machine.pop(), end: cursor.position };
      const instruction = instructions[opcode];
      if (!instruction)
        throw new PickleFault(
          `is not a pickle that can be read: byte ${cursor.position - 1} is 0x${opcode.toString(16).padStart(2, '0')}`,
        );
      instruction(machine);
    }
  });
}

/** Turns faults, and containers beyond what JavaScript can hold, into errors that name the file. */
export function withFileName<T>(fileName: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PickleFault) throw new UserError(`${fileName} ${error.message}`);
    if (error instanceof RangeError) throw new UserError(`${fileName} is too large: ${errorMessage(error)}`);
    throw error;
  }
}
