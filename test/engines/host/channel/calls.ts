/** Calls of the tests, over whatever a channel runs on. */
import type { Handlers } from '../../../../src/engines/host/channel/callServer.js';
import { UsageError, UserError } from '../../../../src/errors.js';
import { GraphError } from '../../../../src/graph/tensorType.js';

/** What the tests' workers can be asked. */
export interface TestCalls {
  /** Gives an array back, as a part of another where it is asked to. */
  echo(args: { readonly array: Float32Array; readonly asPart: boolean }): {
    readonly nested: readonly { readonly array: Float32Array }[];
    readonly map: ReadonlyMap<string, Int32Array>;
    /** Whether the worker still had the arrays of its last answer. */
    readonly kept: boolean;
  };
  fail(args: { readonly kind: 'user' | 'usage' | 'graph' | 'type' | 'custom' }): void;
  /** Cannot be cloned. */
  unanswerable(args: undefined): () => void;
  /** Numbers in the order in which calls begin and end. */
  slow(args: { readonly name: string; readonly milliseconds: number }): void;
  log(args: undefined): readonly string[];
  hang(args: undefined): void;
  throwOutside(args: undefined): void;
  farewell(args: undefined): void;
}

class CustomError extends Error {
  override readonly name = 'CustomError';
}

const errors = {
  user: () => new UserError('a user error'),
  usage: () => new UsageError('a usage error'),
  graph: () => new GraphError('a graph error'),
  type: () => new TypeError('a type error'),
  custom: () => new CustomError('a custom error'),
};

const wait = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

const never = (): Promise<void> => new Promise(() => undefined);

/** A worker's side of {@link TestCalls}. */
export function testHandlers(): Handlers<TestCalls> {
  const log: string[] = [];
  let last: Float32Array | undefined;
  return {
    echo: ({ array, asPart }) => {
      const kept = last === undefined || last.length > 0;
      last = asPart ? Float32Array.of(0, ...array, 0).subarray(1, 1 + array.length) : array;
      return { nested: [{ array: last }], map: new Map([['length', Int32Array.of(array.length)]]), kept };
    },
    fail: ({ kind }) => {
      throw errors[kind]();
    },
    unanswerable: () => () => undefined,
    slow: async ({ name, milliseconds }) => {
      log.push(`${name} begins`);
      await wait(milliseconds);
      log.push(`${name} ends`);
    },
    log: () => log,
    hang: never,
    throwOutside: async () => {
      setTimeout(() => {
        throw new Error('thrown outside of any call');
      }, 0);
      await never();
    },
    farewell: () => {
      log.push('farewell');
    },
  };
}
