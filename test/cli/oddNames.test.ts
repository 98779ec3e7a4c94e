import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { exclusionList } from '../../src/report/inspect/inspectionTexts.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses } from './fixtures/images.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const shared = new SharedProcess();
after(() => shared.close());

describe('names with line breaks', { skip: process.platform === 'win32' }, () => {
  it('keep no other file from an exclusion list, and are named', () =>
    withFolder(async (cwd) => {
      const images = join(cwd, 'images');
      await drawClasses(images, ['a', 'b'], 2);
      for (const name of ['x.jpg', 'y\nz.jpg']) writeFileSync(join(images, 'a', name), 'none');
      const { code, stderr } = await shared.run(['check-data', 'images', '--write-exclude=list.txt'], cwd);
      assert.equal(code, 1);
      assert.equal(
        stderr,
        'error: 2 files cannot be used; the name of "a/y\\nz.jpg" has a line break, which no list can have: ' +
          'rename it, and leave the others out with train --exclude list.txt\n',
      );
      assert.equal(readFileSync(join(cwd, 'list.txt'), 'utf8'), 'a/x.jpg\n');
    }));

  it('stay on their line in tables and messages', () =>
    withFolder(async (cwd) => {
      const images = join(cwd, 'images');
      await drawClasses(images, ['a', 'b\nc\u001b[2J'], 2);
      const { code, stdout } = await shared.run(['check-data', 'images'], cwd);
      assert.equal(code, 0);
      assert.match(stdout, /^class +images\n-+ {2}-+\na +2\nb\\nc\\u001b\[2J +2\n$/m);
      rmSync(join(images, 'a'), { recursive: true });
      mkdirSync(join(images, 'd\re'));
      const empty = await shared.run(['train', '--data=imagefolder', '--data-path=images'], cwd);
      assert.match(empty.stderr, /^error: the class folder [^\n]*images\/d\\re has no images: [^\n]*\n$/);
    }));
});

describe('a list of likely label errors', () => {
  it('has names with line breaks as comments', () => {
    const image = {
      label: 'b\nc',
      predicted: 'a',
      probability: 0.9,
      labelProbability: 0,
      loss: 1,
      variance: 1,
    };
    const images = ['b\nc/1.jpg', 'b/2.jpg'].map((name) => ({ ...image, image: name }));
    const list = exclusionList({
      checkpoint: 'best.safetensors',
      part: 'val',
      images: 2,
      ofImages: 2,
      changes: [],
      labelErrors: images,
      nearDuplicates: [images],
      leastVariance: [],
      greatestLoss: [],
    });
    assert.deepEqual(list.split('\n').slice(1), [
      '# labelled b\\nc, likely a (90%)',
      '# to be renamed before it can be left out: b\\nc/1.jpg',
      '# labelled b\\nc, likely a (90%)',
      'b/2.jpg',
      '# Near-duplicates: remove the # before the images to leave out.',
      '# like b\\nc/1.jpg:',
      '# b/2.jpg',
    ]);
  });
});
