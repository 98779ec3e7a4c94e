import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { it } from 'node:test';
import { SystemLoad, timesOf } from '../../../src/engines/host/loadMeter.js';

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
