/** Questions about a run's model: what a real one answers, and how the studio bounds what they cost. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readMetricsFile } from '../../src/runs/metricsFile.js';
import type { VarianceFigures } from '../../src/studio/api.js';
import { Questions } from '../../src/studio/server/questions/questions.js';
import { biasloss, TRAIN_SMALL } from '../cli/fixtures/process.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { ask, tell, withStudio, writeRun } from './fixtures/studio.js';

const PATH = '/api/model/variances?run=one';

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); ) {
    if (Date.now() > end) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('variances of a run’s model', () => {
  it('are ordered, with the losses that testing says and the minimum that training kept', () =>
    withStudio(async (studio, runs) => {
      const folder = join(runs, 'one');
      const trained = await biasloss([...TRAIN_SMALL, '--epochs=1', `--run-dir=${folder}`]);
      assert.equal(trained.code, 0, trained.stderr);
      const { status, body } = await tell(studio, `${PATH}&images=100`);
      assert.equal(status, 200, body);
      const { images, ofImages, runningMin, settings } = JSON.parse(body) as VarianceFigures;
      assert.equal(images.length, 32);
      assert.equal(ofImages, 32);
      assert.deepEqual(settings, { alpha: 0.3, beta: 0.3, normMode: 'global' });
      const variances = images.map(({ variance }) => variance);
      assert.deepEqual(
        variances,
        variances.toSorted((a, b) => a - b),
      );
      assert.ok(images.every(({ address }) => address.startsWith('data:image/webp;base64,')));
      const mean = images.reduce((sum, { crossEntropy }) => sum + crossEntropy, 0) / images.length;
      const metrics = readMetricsFile(join(folder, 'metrics.csv'));
      assert.ok(Math.abs(mean - metrics.test_cross_entropy![0]!) < 1e-4, `${mean}`);
      const weights = readMetricsFile(join(folder, 'loss_weights.csv'));
      assert.ok(Math.abs(runningMin! / weights.variance_min![0]! - 1) < 1e-4, `${runningMin}`);
      const few = JSON.parse((await tell(studio, `${PATH}&images=8`)).body) as VarianceFigures;
      assert.equal(few.images.length, 8);
      assert.ok(few.images.every(({ variance }) => variances.some((v) => Math.abs(v / variance - 1) < 1e-3)));
    }));
});

describe('what questions about a model need', () => {
  it('is the token, a run with a model, and a number of images', () =>
    withStudio(async (studio, runs, folder) => {
      writeRun(runs, 'one', { epochs: 2 });
      assert.equal((await ask(studio, PATH, { method: 'POST' })).status, 401);
      assert.notEqual((await ask(studio, PATH)).status, 200);
      for (const images of ['1', '513', '2.5', 'all', '']) {
        const { status, body } = await tell(studio, `${PATH}&images=${images}`);
        assert.equal(status, 400);
        assert.ok(body.includes('images must be a whole number from 2 to 512, not'), body);
      }
      assert.ok((await tell(studio, '/api/model/variances?run=..')).body.includes('there is no run'));
      const none = await tell(studio, PATH);
      assert.equal(none.status, 400);
      assert.ok(none.body.includes('has no checkpoint yet'), none.body);
      if (process.platform === 'win32') return;
      writeFileSync(join(folder, 'elsewhere'), 'weights');
      symlinkSync(join(folder, 'elsewhere'), join(runs, 'one', 'best.safetensors'));
      const linked = await tell(studio, PATH);
      assert.equal(linked.status, 400);
      assert.ok(linked.body.includes('symbolic link that leads out'), linked.body);
    }));
});

/** Runs `body` with questions that a script answers; in it `folder` is the run's. */
function withScript(
  code: string,
  body: (questions: Questions, folder: string) => Promise<void>,
  patience?: number,
): Promise<void> {
  return withFolder(async (folder) => {
    const script = join(folder, 'answer.mjs');
    const start =
      "import { appendFileSync } from 'node:fs';\nconst { folder, images } = JSON.parse(process.argv[2]);\n";
    writeFileSync(script, start + code);
    const questions = new Questions({ script, patience });
    try {
      await body(questions, folder);
    } finally {
      questions.close();
    }
  });
}

/** Says when it starts and answers a moment later. */
const SLOW = `
appendFileSync(folder + '/log', 'start ' + images + '\\n');
setTimeout(() => {
  appendFileSync(folder + '/log', 'end ' + images + '\\n');
  process.send({ problem: 'answer ' + images }, () => process.exit());
}, 100);`;

/** Never answers. */
const HANGING = "appendFileSync(folder + '/log', 'start ' + process.pid); setInterval(() => {}, 1000);";

const always = new AbortController().signal;

/** Asks for variances, for as long as somebody waits. */
function variances(
  questions: Questions,
  folder: string,
  images: number,
  signal: AbortSignal = always,
): Promise<VarianceFigures> {
  return questions.ask({ kind: 'variances', folder, images }, { signal });
}

describe('questions about models', () => {
  it('are answered one at a time, and few wait', () =>
    withScript(SLOW, async (questions, folder) => {
      const asked = [2, 3, 4, 5, 6, 7].map((images) => variances(questions, folder, images));
      const ends = await Promise.allSettled(asked);
      assert.deepEqual(
        ends.map((end) => end.status === 'rejected' && String(end.reason.message)),
        [
          ...[2, 3, 4, 5, 6].map((images) => `answer ${images}`),
          'the studio has other questions to answer: try again when they are done',
        ],
      );
      assert.equal(
        readFileSync(join(folder, 'log'), 'utf8'),
        [2, 3, 4, 5, 6].map((images) => `start ${images}\nend ${images}\n`).join(''),
      );
    }));
});

describe('processes of questions about models', () => {
  it('end when nobody waits, when they take too long, and with the studio', async () => {
    const isAlive = (folder: string): boolean => {
      try {
        return process.kill(Number(readFileSync(join(folder, 'log'), 'utf8').split(' ')[1]), 0);
      } catch {
        return false;
      }
    };
    await withScript(HANGING, async (questions, folder) => {
      const leaving = new AbortController();
      const left = assert.rejects(variances(questions, folder, 2, leaving.signal), /nobody waits/);
      await until(() => existsSync(join(folder, 'log')));
      leaving.abort();
      await left;
      assert.ok(!isAlive(folder));
    });
    await withScript(HANGING, async (questions, folder) => {
      const closed = assert.rejects(variances(questions, folder, 2), /ended with SIGKILL/);
      await until(() => existsSync(join(folder, 'log')));
      questions.close();
      await closed;
      assert.ok(!isAlive(folder));
      await assert.rejects(variances(questions, folder, 2), /nobody waits/);
    });
    await withScript(
      HANGING,
      (questions, folder) =>
        assert.rejects(variances(questions, folder, 2), /the answer took longer than 1 seconds$/),
      1000,
    );
  });

  it('say how their process ended without an answer', () =>
    withScript('process.exit(3);', (questions, folder) =>
      assert.rejects(
        variances(questions, folder, 2),
        /^UserError: the process of the answer ended with exit code 3: see the studio's terminal$/,
      ),
    ));
});
