/** The channel over Node's worker threads, and over workers with the web's interface. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { serveCalls } from '../../../../src/engines/host/channel/callServer.js';
import { startThread } from '../../../../src/engines/host/channel/node.js';
import type { OwnerEnd, WorkerEnd } from '../../../../src/engines/host/channel/port.js';
import { RemoteCalls } from '../../../../src/engines/host/channel/remoteCalls.js';
import { buffersIn, wholeBuffer } from '../../../../src/engines/host/channel/transfer.js';
import { overWebWorker, type WebWorker } from '../../../../src/engines/host/channel/web.js';
import { UsageError, UserError } from '../../../../src/errors.js';
import { GraphError } from '../../../../src/graph/tensorType.js';
import { type TestCalls, testHandlers } from './calls.js';

const NAMES = { owner: 'the test', worker: 'the test’s worker' };

/** A worker thread with the interface of a page's `Worker`. */
function webWorker(): WebWorker {
  const worker = new Worker(new URL('./fixtures/webWorker.js', import.meta.url));
  const addEventListener: WebWorker['addEventListener'] = (
    type: 'message' | 'messageerror' | 'error',
    take: (event: { data: unknown; message?: string }) => void,
  ) =>
    worker.on(type, (value: unknown) =>
      take(
        value instanceof Error ? { data: undefined, message: `Uncaught ${value.message}` } : { data: value },
      ),
    );
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    addEventListener,
    terminate: () => void worker.terminate(),
  };
}

const ends: Readonly<Record<string, () => OwnerEnd>> = {
  'Node’s worker threads': () => startThread(new URL('./fixtures/nodeWorker.js', import.meta.url)),
  'the web’s workers': () => overWebWorker(webWorker()),
};

async function checkErrors(calls: RemoteCalls<TestCalls>): Promise<void> {
  const expected = { user: UserError, usage: UsageError, graph: GraphError, type: TypeError };
  for (const [kind, type] of Object.entries(expected))
    await assert.rejects(calls.call('fail', { kind: kind as keyof typeof expected }), (error) => {
      assert.ok(error instanceof type && error.message === `a ${kind} error`, `${error}`);
      assert.match(error.stack ?? '', /calls\.js/, 'the stack of where it was thrown');
      return true;
    });
  await assert.rejects(calls.call('fail', { kind: 'custom' }), {
    name: 'CustomError',
    message: 'a custom error',
  });
  await assert.rejects(calls.call('unanswerable', undefined), { name: 'DataCloneError' });
}

for (const [title, start] of Object.entries(ends)) {
  const withCalls = async (use: (calls: RemoteCalls<TestCalls>) => Promise<void>): Promise<void> => {
    const calls = new RemoteCalls<TestCalls>(start(), NAMES);
    try {
      await use(calls);
    } finally {
      await calls.close();
    }
  };

  describe(`a channel over ${title}`, () => {
    test('moves buffers in both directions', () =>
      withCalls(async (calls) => {
        const array = Float32Array.of(1, 2, 3);
        const first = await calls.call('echo', { array, asPart: false }, [array.buffer]);
        assert.equal(array.length, 0, 'what is transferred is handed over');
        assert.deepEqual(first.nested[0]!.array, Float32Array.of(1, 2, 3));
        assert.deepEqual(first.map.get('length'), Int32Array.of(3));
        const copied = Float32Array.of(4);
        const second = await calls.call('echo', { array: copied, asPart: true });
        assert.equal(copied.length, 1, 'what is not transferred is copied');
        assert.equal(second.kept, false, 'an answer’s array was handed over');
        assert.deepEqual(second.nested[0]!.array, Float32Array.of(4));
        const third = await calls.call('echo', { array: copied, asPart: false });
        assert.equal(third.kept, true, 'a part of an array was copied');
      }));

    test('keeps classes and messages of errors, and goes on after them', () =>
      withCalls(async (calls) => {
        await checkErrors(calls);
        assert.deepEqual(await calls.call('log', undefined), []);
      }));

    test('carries out calls one after the other', () =>
      withCalls(async (calls) => {
        await Promise.all([
          calls.call('slow', { name: 'a', milliseconds: 30 }),
          calls.call('slow', { name: 'b', milliseconds: 0 }),
        ]);
        assert.deepEqual(await calls.call('log', undefined), ['a begins', 'a ends', 'b begins', 'b ends']);
      }));

    test('rejects everything when it is closed', async () => {
      const calls = new RemoteCalls<TestCalls>(start(), NAMES);
      const hanging = assert.rejects(calls.call('hang', undefined), /the test is closed/);
      assert.equal(calls.isStopped, false);
      await calls.close();
      await hanging;
      assert.equal(calls.isStopped, true);
      await assert.rejects(calls.call('log', undefined), /the test is closed/);
      await calls.close('farewell');
    });

    test('rejects everything when the worker fails', () =>
      withCalls(async (calls) => {
        const message = /^Error: the test’s worker failed: .*thrown outside of any call/;
        await assert.rejects(calls.call('throwOutside', undefined), message);
        await assert.rejects(calls.call('log', undefined), message);
      }));
  });
}

/** Both ends of a channel on this thread, and what is posted over it. */
function localEnds(): { owner: OwnerEnd; worker: WorkerEnd; gone: (what: string) => void } {
  const takers: { owner?: (message: unknown) => void; worker?: (message: unknown) => void } = {};
  const ended: ((what: string) => void)[] = [];
  return {
    owner: {
      post: (message) => queueMicrotask(() => takers.worker?.(message)),
      onMessage: (take) => {
        takers.owner = take;
      },
      onEnd: (take) => ended.push(take),
      hold: () => undefined,
      terminate: async () => undefined,
    },
    worker: {
      post: (message) => queueMicrotask(() => takers.owner?.(message)),
      onMessage: (take) => {
        takers.worker = take;
      },
    },
    gone: (what) => {
      for (const take of ended) take(what);
    },
  };
}

test('calls are carried out beside others that let them start', async () => {
  const { owner, worker } = localEnds();
  serveCalls<TestCalls>(
    worker,
    testHandlers(),
    (call, running) => running.length < (call === 'slow' ? 2 : 1),
  );
  const calls = new RemoteCalls<TestCalls>(owner, NAMES);
  await Promise.all([
    calls.call('slow', { name: 'a', milliseconds: 40 }),
    calls.call('slow', { name: 'b', milliseconds: 10 }),
    calls.call('slow', { name: 'c', milliseconds: 0 }),
  ]);
  const last = calls.call('slow', { name: 'd', milliseconds: 10 });
  const log = await calls.call('log', undefined);
  assert.deepEqual(log.slice(0, 4), ['a begins', 'b begins', 'b ends', 'c begins']);
  // It had to wait.
  assert.deepEqual(log.slice(6), ['d begins', 'd ends']);
  await last;
});

test('closing awaits the last call; a worker that is gone rejects what is pending', async () => {
  const { owner, worker, gone } = localEnds();
  const handlers = testHandlers();
  serveCalls<TestCalls>(worker, handlers);
  await new RemoteCalls<TestCalls>(owner, NAMES).close('farewell');
  assert.deepEqual(await handlers.log(undefined), ['farewell']);
  const calls = new RemoteCalls<TestCalls>(owner, NAMES);
  const pending = assert.rejects(calls.call('hang', undefined), /the test’s worker ended with code 7/);
  gone('ended with code 7');
  await pending;
});

test('buffers are found where they are an array’s own', () => {
  const [own, shared] = [Float32Array.of(1), new Float32Array(new SharedArrayBuffer(4))];
  const part = new Float32Array(4).subarray(1);
  const found = buffersIn({ own, list: [own, part], map: new Map([['shared', shared]]), none: undefined });
  assert.deepEqual([...found], [own.buffer]);
  assert.equal(wholeBuffer(own), own);
  assert.notEqual(wholeBuffer(part).buffer, part.buffer);
  assert.ok(wholeBuffer(shared).buffer instanceof ArrayBuffer);
});
