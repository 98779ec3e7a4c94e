import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { biasloss, type Ended } from './fixtures/process.js';

const HEADER = 'epoch,train_loss,test_top1';

describe('biasloss curves', () => {
  let folder = '';
  const write = (run: string, text: string): void => {
    mkdirSync(join(folder, run), { recursive: true });
    writeFileSync(join(folder, run, 'metrics.csv'), text);
  };
  const curves = (...args: string[]): Promise<Ended> => biasloss(['curves', ...args], { cwd: folder });
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'biasloss-curves-'));
    write('runs/a', `${HEADER}\n1,4.5,10\n2,3.5,30.25\n3,3,28\n`);
    write('b', `${HEADER}\n1,4,12.5\n`);
    write('damaged', `${HEADER}\n1,4,12.5\n2,4\n`);
    write('empty', `${HEADER}\n`);
    write('foreign', 'a,b\n1,2\n');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('draws runs by folder or name, and lists where they ended', async () => {
    const { code, stdout } = await curves('a', 'b', '--labels', 'one', 'two & three', '--output', 'p.svg');
    assert.equal(code, 0);
    assert.match(stdout, /\none +3 +28 +30\.25 +10\n/);
    assert.match(stdout, /\ntwo & three +1 +12\.5 +12\.5 +12\.5\n/);
    const svg = readFileSync(join(folder, 'p.svg'), 'utf8');
    assert.equal(svg.match(/aria-roledescription="line mark container"/g)?.length, 2);
    assert.match(svg, /two &amp; three/);
    assert.match(svg, />test top-1, %</);
  });

  it('draws runs with values that are not numbers', async () => {
    write('broken', `${HEADER}\n1,4,12.5\n2,NaN,20\n3,3,NaN\n`);
    const { code, stdout } = await curves('broken', '--output', 'broken.svg');
    assert.equal(code, 0);
    assert.match(stdout, /\nbroken +3 +NaN +20 +12\.5\n/);
  });

  it('draws another metric', async () => {
    const { stdout } = await curves('a', '--metric', 'train_loss');
    assert.match(stdout, /\na +3 +3 +4\.5 +3\n/);
    assert.match(readFileSync(join(folder, 'curves.svg'), 'utf8'), />train loss</);
  });

  it('says what is wrong in a sentence, and writes nothing', async () => {
    const cases: [string[], number, RegExp][] = [
      [['nowhere'], 1, /^error: nowhere is not a run: it has no metrics\.csv\n$/],
      [['damaged'], 1, /^error: damaged\/metrics\.csv is damaged: row 2 does not have 3 numbers\n$/],
      [['empty'], 1, /^error: empty\/metrics\.csv has no epoch yet\n$/],
      [['foreign'], 1, /has no column "epoch"\n$/],
      [['b', '--metric', 'x'], 2, /^error: b has no metric x; it has epoch, train_loss, test_top1\n$/],
      [['a', 'b', '--labels', 'one'], 2, /^error: --labels has 1 names for 2 runs\n$/],
      [['b', '--output', 'none/p.svg'], 2, /^error: --output none\/p\.svg: there is no folder none\n$/],
      [['b', '--output', 'p.png'], 2, /^error: --output takes the name of a \.svg file, not p\.png\n$/],
    ];
    for (const [args, code, message] of cases) {
      const ended = await curves('--output', 'wrong.svg', ...args);
      assert.equal(ended.code, code, args.join(' '));
      assert.match(ended.stderr, message);
    }
    assert.ok(!existsSync(join(folder, 'wrong.svg')));
  });
});
