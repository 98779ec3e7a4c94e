/** Archives at URLs on the command line. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { tar } from '../data/support/cifar.js';
import { RangeServer } from '../data/support/rangeServer.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawnImage } from './fixtures/images.js';
import { biasloss, type Ended } from './fixtures/process.js';

const SETTINGS = ['--model=shufflenetv2', '--ratio=0.5', '--image-size=32', '--batch-size=8', '--no-report'];
const ENGINE = ['--engine=onnx', '--threads=1'];

async function archive(first: number, count: number): Promise<Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (let i = first; i < first + count; i++) {
    files[`${i}.png`] = await drawnImage(i % 2, i);
    files[`${i}.cls`] = new TextEncoder().encode(String(i % 2));
  }
  return tar(files);
}

it('train takes archives at URLs, and resumes with the same ones on disk; test finds them by itself', async (t) => {
  const server = await RangeServer.start(t);
  await withFolder(async (cwd) => {
    mkdirSync(join(cwd, 'set'));
    for (const [name, bytes] of [
      ['train-0.tar', await archive(0, 16)],
      ['val-0.tar', await archive(16, 8)],
    ] as const) {
      server.files.set(`/set/${name}`, { bytes, etag: `"${name}"` });
      writeFileSync(join(cwd, 'set', name), bytes);
    }
    const cache = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = join(cwd, 'cache');
    t.after(() => {
      if (cache === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = cache;
    });
    const run = async (...args: string[]): Promise<Ended> => {
      const ended = await biasloss(args, { cwd });
      assert.equal(ended.code, 0, ended.stderr);
      return ended;
    };
    const far = ['--data=webdataset', `--data-path=${server.url}/set/{train,val}-0.tar`];
    const first = await run('train', ...far, '--run-dir=run', '--epochs=1', ...SETTINGS, ...ENGINE);
    assert.match(first.stderr, /indexing http:\/\/127\.0\.0\.1:\d+\/set\/train-0\.tar; the index is kept in/);
    const tested = await run('test', '--checkpoint=run/best.safetensors', ...ENGINE);
    assert.match(tested.stderr, /testing on 8 images/);
    assert.doesNotMatch(tested.stderr, /indexing|has changed/);
    const near = '--data-path=set/{train,val}-0.tar';
    const second = await run('train', '--resume=run', near, '--epochs=2', '--no-report');
    assert.match(second.stdout, /epoch 2\/2/);
    assert.doesNotMatch(second.stderr, /has changed/);
    const { code, stderr } = await biasloss(['check-data', `${server.url}/set/*.tar`], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /^error: http\S+\/set\/\*\.tar names no archives: .*\n$/);
  });
});
