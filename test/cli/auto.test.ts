import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses } from './fixtures/images.js';
import { biasloss, eventsOf } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const QUICK = ['--engine=onnx', '--threads=1', '--image-size=32', '--no-report'];

const WRONG: [args: string[], code: number, message: RegExp][] = [
  [[], 2, /^error: auto takes a folder of images, or --resume with a run\n$/],
  [['images', '--budget=0s'], 2, /It must be a time above 0 such as 90s, 10m, 2h or 1h30m\.\n$/],
  [['images', '--budget=soon'], 2, /'soon' is invalid\. It must be a time above 0 [^\n]*\n$/],
  [['images', '--resume=run'], 2, /^error: auto takes a folder of images, or --resume with a run\n$/],
  [['none'], 1, /^error: there is no folder none: /],
  [['images', '--pretrained=none.pth'], 1, /^error: .*none\.pth/],
  [['--resume=run', '--run-dir=x'], 2, /^error: --run-dir names the folder of a new run/],
];

const shared = new SharedProcess();
after(() => shared.close());

/** No published weights can be had. */
function withoutNetwork(cwd: string): void {
  Object.assign(process.env, {
    BIASLOSS_TORCHVISION_URL: 'http://127.0.0.1:9/',
    TORCH_HOME: join(cwd, 'torch'),
    HF_HOME: join(cwd, 'hf'),
    HF_HUB_OFFLINE: '1',
  });
}

test('auto goes from a folder to an exported model, says what it chose and what it lacks, and resumes', () =>
  withFolder(async (cwd) => {
    withoutNetwork(cwd);
    await drawClasses(join(cwd, 'images'), ['broad', 'narrow', 'wide'], 8);
    writeFileSync(join(cwd, 'images', 'wide', 'broken.png'), 'no image');
    const first = await biasloss(['auto', 'images', ...QUICK, '--budget=2s', '--epochs=1', '--run-dir=run'], {
      cwd,
    });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /1 file cannot be used and will be left out, such as .*broken\.png\n/);
    assert.match(first.stderr, /there are no pretrained weights \(.*127\.0\.0\.1.*\): trained from scratch/);
    assert.match(first.stdout, /^model: shufflenetv2-0\.5 at 32×32, from scratch\n/);
    assert.match(
      first.stdout,
      /\nwhy: .* at a measured \d+ images\/s, gets only 1 of 300 useful epochs within 0:02: /,
    );
    assert.match(first.stdout, /\nmodel: run\/best\.onnx \(\d\.\d\d MB\); try: biasloss predict/);
    const config = JSON.parse(readFileSync(join(cwd, 'run', 'config.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      [config.optimizer, config.model, config.epochs, config.baseLr, config.exclude],
      ['adamw', 'shufflenetv2', 1, 0.001, join(cwd, 'run', 'exclude.txt')],
    );
    await checkPretrained(cwd);
    for (const [args, code, message] of WRONG) {
      const wrong = await shared.run(['auto', ...args], cwd);
      assert.match(wrong.stderr.split('\n').slice(-2).join('\n'), message);
      assert.equal(wrong.code, code, args.join(' '));
    }
    assert.ok(!existsSync(join(cwd, 'runs')) || readdirSync(join(cwd, 'runs')).length === 0);
  }));

/** Given weights are fine-tuned with their model; after Ctrl-C the command goes on. */
async function checkPretrained(cwd: string): Promise<void> {
  const flags = ['--pretrained=run/best.safetensors', ...QUICK, '--run-dir=tuned', '--log-format=json'];
  let sent = false;
  const broken = await biasloss(['auto', 'images', ...flags, '--epochs=30'], {
    cwd,
    onOutput: (stdout, child) => {
      if (sent || !stdout.includes('"event":"epoch"')) return;
      sent = true;
      child.kill('SIGINT');
    },
  });
  assert.equal(broken.code, 130, broken.stderr);
  assert.match(broken.stderr, /resume with: biasloss auto --resume tuned/);
  const [choice] = eventsOf(broken.stdout);
  assert.deepEqual(
    [choice!.event, choice!.model, choice!.image_size, choice!.without_weights],
    ['choice', 'shufflenetv2', 32, undefined],
  );
  const ended = await biasloss(['auto', '--resume=tuned', '--epochs=4', '--no-report', '--log-format=json'], {
    cwd,
  });
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(eventsOf(ended.stdout).at(-1)!.event, 'export');
  assert.ok(
    existsSync(join(cwd, 'tuned', 'best.onnx')) && existsSync(join(cwd, 'tuned', 'best.labels.json')),
  );
}
