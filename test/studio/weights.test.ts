/** What the studio sends to a page that runs models itself: checkpoints, and onnxruntime-web's files. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StudioInfo } from '../../src/studio/api.js';
import { findPageSources } from '../../src/studio/server/modelPage.js';
import { findWebRuntime } from '../../src/studio/server/webRuntime.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { ask, withStudio, writeRun, writeSite } from './fixtures/studio.js';

const PATH = '/api/model/weights?run=one';

describe('a run’s checkpoint', () => {
  it('is sent to who has the token: the best, or else the last', () =>
    withStudio(async (studio, runs) => {
      const folder = writeRun(runs, 'one', { epochs: 2 });
      const headers = { authorization: `Bearer ${studio.token}` };
      assert.equal((await ask(studio, PATH)).status, 401);
      assert.equal((await ask(studio, PATH, { headers: { authorization: 'Bearer x' } })).status, 401);
      assert.equal((await ask(studio, PATH, { headers })).status, 400);
      writeFileSync(join(folder, 'last.safetensors'), 'the last');
      assert.equal((await ask(studio, PATH, { headers })).body, 'the last');
      writeFileSync(join(folder, 'best.safetensors'), 'the best');
      assert.equal((await ask(studio, PATH, { headers })).body, 'the best');
      assert.equal((await ask(studio, `${PATH}&which=last`, { headers })).body, 'the last');
      const other = await ask(studio, `${PATH}&which=../config`, { headers });
      assert.equal(other.status, 400);
      assert.ok(other.body.includes('which must be best or last, not'), other.body);
      assert.ok(
        (await ask(studio, '/api/model/weights?run=..', { headers })).body.includes('there is no run'),
      );
    }));
});

describe('onnxruntime-web’s files', () => {
  it('are sent, those that pages load alone', () =>
    withStudio(async (studio) => {
      for (const name of ['ort.wasm.min', 'ort-wasm-simd-threaded']) {
        const module = await ask(studio, `/ort/${name}.js`);
        assert.equal(module.status, 200);
        assert.equal(module.headers['content-type'], 'text/javascript');
        assert.equal(module.headers['cross-origin-resource-policy'], 'same-origin');
        assert.match(module.body, /\bexport\b/, `${name} is a module, not the script of the same name`);
      }
      for (const path of ['/ort/ort.min.js', '/ort/../package.json', '/ort/%2e%2e%2fpackage.json', '/ort/'])
        assert.equal((await ask(studio, path)).status, 404, path);
      assert.equal((JSON.parse((await ask(studio, '/api/info')).body) as StudioInfo).hasRuntime, true);
    }));

  it('are looked for as Node.js does, and what lacks them is said', () =>
    withFolder(async (folder) => {
      assert.equal(findWebRuntime([join(folder, 'package.json')]), undefined);
      assert.ok(findWebRuntime([join(folder, 'package.json'), import.meta.url]));
      const site = writeSite(folder);
      const sources = () => findPageSources([join(folder, 'package.json')], site);
      assert.throws(sources, /the page for models is not built: run npm run build:web/);
      mkdirSync(join(site, 'page'));
      writeFileSync(join(site, 'page', 'files.json'), '{}');
      assert.throws(sources, /onnxruntime-web, which is not installed: npm i onnxruntime-web$/);
    }));
});
