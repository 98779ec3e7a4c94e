/** The folder with a model's page: when it is written, and over what. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { checksumOf, type PageContents, type PageLabels } from '../../src/studio/pageFiles.js';
import { expectPageFolder, type PageSources, writeModelPage } from '../../src/studio/server/modelPage.js';
import { withFolder } from '../train/fixtures/tiny.js';

const CONTENTS: PageContents = {
  model: Uint8Array.of(1, 2, 3),
  heatModel: Uint8Array.of(4, 5),
  labels: {
    ...{ classes: ['ant', 'bee'], input: 'uint8', imageSize: 32, resizeSize: 32, interpolation: 'bilinear' },
    ...{ exif: 'apply', mean: [0, 0, 0], std: [1, 1, 1], name: 'mine', bytes: { f32: 3 } },
  },
};

function write(folder: string, ...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
}

/** A built page and onnxruntime-web's files, as their packages have them. */
function sourcesIn(folder: string): PageSources {
  const [page, runtime] = [join(folder, 'page'), join(folder, 'runtime')];
  write(page, 'index.html', 'assets/page.js');
  writeFileSync(
    join(page, 'files.json'),
    JSON.stringify({ page: ['index.html', 'assets/page.js'], runtime: ['ort.min.js', 'ort.wasm'] }),
  );
  write(runtime, 'ort.min.mjs', 'ort.min.js', 'ort.wasm');
  return { page, runtime };
}

describe('the folder of an exported page', () => {
  it('has modules that end in .js, and the checksums of its models', () =>
    withFolder(async (folder) => {
      const out = join(folder, 'new', 'web');
      expectPageFolder(out);
      const size = await writeModelPage(out, sourcesIn(folder), CONTENTS);
      const names = readdirSync(out, { recursive: true, encoding: 'utf8' }).map((name) =>
        name.replaceAll('\\', '/'),
      );
      const files = [
        'assets/page.js',
        'exported-page.txt',
        'gradcam.onnx',
        'index.html',
        'model.labels.json',
      ];
      assert.deepEqual(names.sort(), [
        ...['assets', ...files, 'model.onnx', 'ort', 'ort/ort.min.js', 'ort/ort.wasm'],
      ]);
      assert.equal(readFileSync(join(out, 'ort', 'ort.min.js'), 'utf8'), 'ort.min.mjs');
      const labels = JSON.parse(readFileSync(join(out, 'model.labels.json'), 'utf8')) as PageLabels;
      assert.deepEqual(labels, {
        ...CONTENTS.labels,
        checksums: {
          'model.onnx': checksumOf(CONTENTS.model),
          'gradcam.onnx': checksumOf(CONTENTS.heatModel),
        },
      });
      assert.notEqual(labels.checksums!['model.onnx'], labels.checksums!['gradcam.onnx']);
      const bytes = [...files, 'model.onnx', 'ort/ort.min.js', 'ort/ort.wasm'].map(
        (name) => readFileSync(join(out, name)).length,
      );
      assert.equal(
        size,
        bytes.reduce((a, b) => a + b, 0),
      );
    }));
});

describe('the folder that a page is exported to', () => {
  it('may have a page, one that failed half-way, too', () =>
    withFolder(async (folder) => {
      const sources = sourcesIn(folder);
      const out = join(folder, 'web');
      rmSync(join(sources.page, 'assets', 'page.js'));
      await assert.rejects(writeModelPage(out, sources, CONTENTS), /page\.js cannot be written: ENOENT/);
      write(sources.page, 'assets/page.js');
      for (let i = 0; i < 2; i++) {
        expectPageFolder(out);
        await writeModelPage(out, sources, CONTENTS);
      }
    }));

  it('may have a whole page of an older version, but no site of one’s own with an exported model', () =>
    withFolder(async (folder) => {
      const own = ['index.html', 'model.onnx', 'model.labels.json'];
      write(join(folder, 'site'), ...own);
      assert.throws(
        () => expectPageFolder(join(folder, 'site')),
        /the folder .*site is not empty and is no exported page/,
      );
      write(join(folder, 'old'), ...own, 'gradcam.onnx', 'ort/ort.wasm.min.mjs');
      expectPageFolder(join(folder, 'old'));
    }));
});
