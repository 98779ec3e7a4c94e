import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inProcess, inThread, type StartHost } from '../../src/runs/process/runHost.js';
import { RunProcess } from '../../src/runs/process/runProcess.js';

const RUN = fileURLToPath(new URL('./fixtures/slowStop.js', import.meta.url));
const HOSTS: Readonly<Record<string, StartHost>> = { process: inProcess, thread: inThread };

/** A run that has begun, and the events that it prints. */
async function begin(
  host: StartHost,
  end: 'saves' | 'fails',
): Promise<{ run: RunProcess; events: unknown[] }> {
  const events: unknown[] = [];
  let started = (): void => undefined;
  const start = new Promise<void>((resolve) => {
    started = resolve;
  });
  const run = new RunProcess(
    [RUN, end],
    ({ event }) => {
      events.push(event);
      started();
    },
    host,
  );
  await start;
  return { run, events };
}

/** How often this process gets a signal while something is done. */
async function signalsDuring(body: () => Promise<void>): Promise<number> {
  let signals = 0;
  const count = (): number => signals++;
  process.on('SIGINT', count);
  try {
    await body();
    return signals;
  } finally {
    process.off('SIGINT', count);
  }
}

for (const [name, host] of Object.entries(HOSTS))
  describe(`a run in a ${name} of its own`, () => {
    it('saves when it is stopped, also when it is stopped twice: as a loser, and at the end of the time', async () => {
      const signals = await signalsDuring(async () => {
        const { run, events } = await begin(host, 'saves');
        run.stop();
        await sleep(300);
        run.stop();
        assert.equal(await run.ended, undefined);
        assert.deepEqual(events, ['start', 'interrupted']);
      });
      assert.equal(signals, 0);
    });

    it('says why it failed while it was being stopped', async () => {
      const { run } = await begin(host, 'fails');
      run.stop();
      assert.equal(await run.ended, 'the disk is full');
    });
  });

describe('a thread', () => {
  it('never ends the process that it is one of', async () => {
    const signals = await signalsDuring(async () => {
      const host = inThread([RUN, 'saves']);
      await new Promise((resolve) => host.output[0]!.once('data', resolve));
      host.interrupt();
      await sleep(300);
      host.interrupt();
      assert.equal(await host.ended, 'exit code 130');
    });
    assert.equal(signals, 0);
  });
});
