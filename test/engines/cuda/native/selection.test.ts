import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Choices } from '../../../../src/engines/cache/choices.js';
import { type Candidate, freedTogether } from '../../../../src/engines/cuda/native/algorithms/candidate.js';
import { PlanTimer } from '../../../../src/engines/cuda/native/algorithms/planTimer.js';
import { Selection } from '../../../../src/engines/cuda/native/algorithms/selection.js';
import { LibraryError } from '../../../../src/engines/cuda/native/libraryError.js';
import { OutOfDeviceMemory } from '../../../../src/engines/cuda/native/outOfDeviceMemory.js';

type Pointers = { readonly x: number; readonly y: number };

/** A clock that algorithms advance, and what was done. */
class Bench {
  clock = 0;
  hasMemory = true;
  /** Graphs that are not closed. */
  graphs = 0;
  readonly allocated: number[] = [];
  readonly closed: string[] = [];
  readonly proposed: (string | undefined)[] = [];
  readonly pointers = new Set<string>();

  timer(): PlanTimer {
    return new PlanTimer({
      allocate: (bytes) => {
        if (!this.hasMemory) throw new OutOfDeviceMemory('none');
        this.allocated.push(bytes);
        return 4096;
      },
      free: () => {},
      fill: (pointer, bytes) => assert.deepEqual([pointer, bytes], [4096, 768]),
      capture: (body) => {
        this.graphs++;
        return { launch: body, close: () => this.graphs-- };
      },
      time: (body) => {
        const start = this.clock;
        body();
        return this.clock - start;
      },
    });
  }

  /**
   * @param costs milliseconds by name; NaN fails
   * @param failure by which it does, from a run on
   */
  propose(
    costs: Readonly<Record<string, number>>,
    failure: { readonly error: Error; readonly from: number } = {
      error: new LibraryError('not today'),
      from: 0,
    },
  ): (only?: string) => Candidate<Pointers>[] {
    let runs = 0;
    return (only) => {
      this.proposed.push(only);
      return Object.entries(costs)
        .filter(([name]) => only === undefined || name === only)
        .map(([name, ms]) => ({
          implementation: name,
          workspaceBytes: 1000,
          run: ({ x, y }, workspace) => {
            if (Number.isNaN(ms) && runs++ >= failure.from) throw failure.error;
            this.pointers.add([x, y, workspace].join());
            this.clock += ms || 0;
          },
          close: () => this.closed.push(name),
        }));
    };
  }
}

const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
after(() => rmSync(folder, { recursive: true }));
const layout = (place: (bytes: number) => number): Pointers => ({ x: place(300), y: place(1) });

function selection(bench: Bench, file: string, since?: number): Selection<Pointers> {
  return new Selection(bench.timer(), new Choices(join(folder, file), since));
}

describe('the choice of an algorithm', () => {
  it('is the fastest, on memory that does not overlap; the others are closed', () => {
    const bench = new Bench();
    const chosen = selection(bench, 'a').choose(
      'task',
      layout,
      bench.propose({ slow: 3, broken: Number.NaN, fast: 1, middle: 2, slowest: 9 }),
    );
    assert.equal(chosen?.implementation, 'fast');
    assert.deepEqual(bench.closed.sort(), ['broken', 'middle', 'slow', 'slowest']);
    assert.deepEqual([...bench.pointers], ['4096,4608,4864']);
    assert.deepEqual(bench.allocated, [1768]);
  });

  it('is the same in later runs, as long as it works', () => {
    const first = new Bench();
    selection(first, 'b').choose('task', layout, first.propose({ one: 1, two: 2 }));
    const later = new Bench();
    const chosen = selection(later, 'b').choose('task', layout, later.propose({ two: 1, one: 2 }));
    assert.equal(chosen?.implementation, 'one');
    assert.deepEqual([later.proposed, later.closed], [['one'], []]);
    const broken = new Bench();
    const other = selection(broken, 'b').choose('task', layout, broken.propose({ two: 1, one: Number.NaN }));
    assert.equal(other?.implementation, 'two');
    const last = new Bench();
    selection(last, 'b').choose('task', layout, last.propose({ two: 2, one: 1 }));
    assert.deepEqual(last.proposed, ['two']);
  });
});

describe('the choice of two trainings on a card', () => {
  it('is the one that was kept first, also where both measure at the same time', () => {
    const [first, second] = [new Bench(), new Bench()];
    const [sooner, later] = [selection(first, 'two'), selection(second, 'two')];
    const propose = second.propose({ one: 2, two: 1 });
    const chosen = later.choose('task', layout, (only) => {
      if (only === undefined) sooner.choose('task', layout, first.propose({ one: 1, two: 2 }));
      return propose(only);
    });
    assert.deepEqual([chosen?.implementation, second.proposed], ['one', [undefined, 'one']]);
    assert.deepEqual(second.closed, ['one', 'two']);
    const resumed = new Bench();
    const again = selection(resumed, 'two').choose('task', layout, resumed.propose({ one: 2, two: 1 }));
    assert.equal(again?.implementation, 'one');
  });
});

describe('the choice where all is measured again', () => {
  it('is the one that is the fastest now, once for all trainings of the process', async () => {
    const first = new Bench();
    selection(first, 'again').choose('task', layout, first.propose({ one: 1, two: 2 }));
    await sleep(5);
    const since = Date.now();
    const [again, beside] = [new Bench(), new Bench()];
    const [sooner, later] = [selection(again, 'again', since), selection(beside, 'again', since)];
    const chosen = sooner.choose('task', layout, again.propose({ one: 2, two: 1 }));
    assert.deepEqual([chosen?.implementation, again.proposed], ['two', [undefined]]);
    const taken = later.choose('task', layout, beside.propose({ one: 1, two: 2 }));
    assert.deepEqual([taken?.implementation, beside.proposed], ['two', ['two']]);
  });
});

describe('the choice where not all is well', () => {
  it('is the first where nothing can be measured, and is not kept', () => {
    const bench = new Bench();
    bench.hasMemory = false;
    const chosen = selection(bench, 'c').choose('task', layout, bench.propose({ one: 2, two: 1 }));
    assert.equal(chosen?.implementation, 'one');
    assert.deepEqual(bench.closed, ['two']);
    assert.equal(new Choices(join(folder, 'c')).get('task'), undefined);
  });

  it('is none where none works or there is none', () => {
    const bench = new Bench();
    const all = selection(bench, 'd');
    assert.equal(all.choose('task', layout, bench.propose({ one: Number.NaN, two: Number.NaN })), undefined);
    assert.deepEqual(bench.closed, ['one', 'two']);
    assert.equal(all.choose('other', layout, bench.propose({})), undefined);
  });

  it('is one that could be measured where others found too little memory, and the first where none could', () => {
    // In the first run, while the graph is made, or while it is timed.
    for (const from of [0, 5, 12]) {
      const bench = new Bench();
      const failure = { error: new OutOfDeviceMemory('cuGraphLaunch'), from };
      const all = selection(bench, `e${from}`);
      const some = all.choose('some', layout, bench.propose({ one: Number.NaN, two: 1 }, failure));
      assert.equal(some?.implementation, 'two');
      const none = all.choose('none', layout, bench.propose({ one: Number.NaN }, failure));
      assert.equal(none?.implementation, 'one');
      const kept = new Choices(join(folder, `e${from}`));
      assert.deepEqual([kept.get('some'), kept.get('none'), bench.graphs], ['two', undefined, 0]);
    }
  });

  it('frees what candidates share after the last of them', () => {
    const bench = new Bench();
    let freed = 0;
    const candidates = freedTogether(bench.propose({ one: 1, two: 2 })(), () => freed++);
    candidates[1]!.close();
    assert.equal(freed, 0);
    candidates[0]!.close();
    assert.equal(freed, 1);
    freedTogether([], () => freed++);
    assert.equal(freed, 2);
  });
});

describe('an algorithm that was chosen', () => {
  it('is shared by all whose task is the same, and stays prepared after the last one', () => {
    const bench = new Bench();
    const all = selection(bench, 'e');
    const propose = bench.propose({ one: 1 });
    const [first, second] = [all.choose('task', layout, propose), all.choose('task', layout, propose)];
    assert.deepEqual(bench.proposed, [undefined]);
    first!.close();
    first!.close();
    assert.deepEqual(bench.closed, []);
    second!.run({ x: 1, y: 2 }, 3);
    assert.ok(bench.pointers.has('1,2,3'));
    second!.close();
    const again = all.choose('task', layout, propose);
    assert.deepEqual([bench.proposed, bench.closed], [[undefined], []]);
    all.close();
    assert.deepEqual(bench.closed, [], 'it is in use');
    again!.close();
    all.close();
    assert.deepEqual(bench.closed, ['one']);
    all.choose('task', layout, propose);
    assert.deepEqual(bench.proposed, [undefined, 'one']);
  });

  it('stays prepared for as many tasks as a large model has', () => {
    const bench = new Bench();
    const all = selection(bench, 'f');
    for (let task = 0; task < 600; task++)
      all.choose(`task ${task}`, layout, bench.propose({ [`of ${task}`]: 1 }))!.close();
    assert.deepEqual(
      bench.closed,
      Array.from({ length: 88 }, (_, task) => `of ${task}`),
    );
  });
});
