import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { it } from 'node:test';
import { type ProcessorTimes, SystemLoad, type Times, timesOf } from '../../../src/engines/host/loadMeter.js';

const STAT = `cpu  30 3 6 300 12 3 3 9 0 0
cpu0 10 1 2 100 4 1 1 3 0 0
cpu2 20 2 4 200 8 2 2 6 5 1
intr 12345 6 7
ctxt 99
`;

it('times of processors are read by number; what a hypervisor takes is busy, waiting for a disk is not', () => {
  assert.deepEqual(timesOf(STAT, false)[0], { busy: 17, idle: 105 });
  assert.deepEqual(timesOf(STAT, true)[2], { busy: 36, idle: 208 });
  assert.equal(timesOf(STAT, true)[1], undefined);
});

it('what the process itself computes is no load of others', () => {
  const meter = new SystemLoad();
  assert.ok(meter.processors >= availableParallelism());
  meter.others();
  const [begin, before] = [meter.now(), process.cpuUsage()];
  while (meter.now() < begin + 0.5);
  const seconds = meter.now() - begin;
  const { user, system } = process.cpuUsage(before);
  const own = (user + system) / 1e6 / seconds;
  const others = meter.others();
  // Clock ticks of 10 ms are what the system counts in.
  assert.ok(others >= 0 && others <= meter.processors - own + 0.2, `${others} beside ${own}`);
});

it('a system that nothing keeps busy is not waited for', async () => {
  const meter = new SystemLoad();
  const begin = meter.now();
  const others = await meter.present();
  assert.ok(others === 0 || meter.now() - begin >= 0.99);
});

/** Text of `/proc/stat` of 16 processors, numbered from 0, with these ticks. */
function statOf({ busy, idle }: Times): string {
  return Array.from({ length: 16 }, (_, i) => `cpu${i} ${busy} 0 0 ${idle} 0 0 0 0 0 0\n`).join('');
}

/** A meter on which `/proc/stat` has these texts, one after the other. */
function meterOf(texts: string[], counts: Omit<ProcessorTimes, 'times'>): SystemLoad {
  return new SystemLoad({ times: () => timesOf(texts.shift() ?? '', false), ...counts });
}

/** Numbers from the first to before the end. */
const numbers = (first: number, end: number): ReadonlySet<number> =>
  new Set(Array.from({ length: end - first }, (_, i) => first + i));

it('a container that counts its processors from 0 has all of them, whatever the numbers of the allowed ones', () => {
  const [begin, quiet, busy] = [
    { busy: 5, idle: 5 },
    { busy: 5, idle: 105 },
    { busy: 105, idle: 105 },
  ].map(statOf);
  for (const allowed of [numbers(32, 48), numbers(8, 24), numbers(0, 16)]) {
    const meter = meterOf([begin!, quiet!, busy!], { allowed, available: 16, atHand: 16 });
    assert.equal(meter.processors, 16);
    assert.equal(meter.others(), 0);
    // What this process computes meanwhile is taken off, which is far less.
    assert.ok(meter.others() > 8);
  }
});

it('a process of some of the processors looks at those alone', () => {
  const texts = [
    statOf({ busy: 0, idle: 0 }),
    statOf({ busy: 100, idle: 0 }).replace(/^cpu0 .*$/m, 'cpu0 0 0 0 100'),
  ];
  const meter = meterOf(texts, { allowed: numbers(0, 1), available: 1, atHand: 1 });
  assert.equal(meter.processors, 1);
  assert.equal(meter.others(), 0);
});

it('where nothing tells times, the processors at hand are there, and others take none', () => {
  const meter = meterOf([], { allowed: numbers(0, 8), available: 8, atHand: 4 });
  assert.equal(meter.processors, 4);
  assert.equal(meter.others(), 0);
});
