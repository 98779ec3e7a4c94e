/** The studio's answers about folders of images: what they show, and what they refuse. */
import assert from 'node:assert/strict';
import { appendFileSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { imageKey } from '../../src/data/folders/splits.js';
import type {
  CheckNews,
  DataFolder,
  DataOverview,
  ImagePage,
  MarkedImages,
} from '../../src/studio/dataApi.js';
import type { Studio } from '../../src/studio/server/studio.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { type Answer, ask, tell, withStudio, writeRun } from './fixtures/studio.js';

/** Names that lists must quote, or that look like something else. */
const ODD = ['#1.png', ' blank.png', "'quoted'.png", 'é # x.png', '1 % 2.png'] as const;

async function png(width = 8): Promise<Buffer> {
  return sharp({ create: { width, height: 8, channels: 3, background: { r: 200, g: 20, b: 20 } } })
    .png()
    .toBuffer();
}

/** Runs `body` with a studio that was started with a folder of two classes. */
function withData(
  body: (opened: { studio: Studio; runs: string; data: string; folder: string }) => Promise<void>,
): Promise<void> {
  return withFolder(async (outer) => {
    const data = join(outer, 'data');
    for (const name of ['cat', 'dog']) mkdirSync(join(data, name), { recursive: true });
    for (let i = 0; i < 5; i++) writeFileSync(join(data, 'cat', `${i}.png`), await png(8 + i));
    for (const name of ODD) writeFileSync(join(data, 'dog', name), await png());
    await withStudio((studio, runs, folder) => body({ studio, runs, data, folder }), { data: [data] });
  });
}

function look(studio: Studio, path: string, values: Record<string, string> = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${studio.token}` };
  return ask(studio, `/api/data/${path}?${new URLSearchParams(values)}`, { headers });
}

async function answered<T>(asked: Promise<Answer>): Promise<T> {
  const { status, body } = await asked;
  assert.equal(status, 200, body);
  return JSON.parse(body) as T;
}

async function refused(asked: Promise<Answer>, message: RegExp): Promise<void> {
  const { status, body } = await asked;
  assert.equal(status, 400, body);
  assert.match((JSON.parse(body) as { error: string }).error, message);
}

function mark(studio: Studio, folder: string, images: readonly string[], isMarked = true): Promise<Answer> {
  return tell(studio, `/api/data/mark?${new URLSearchParams({ folder })}`, { images, isMarked });
}

describe('folders of images in a studio', () => {
  it('are those that it was started with and those of runs, and no others', () =>
    withData(async ({ studio, runs, data, folder }) => {
      const other = join(folder, 'other');
      writeRun(runs, 'one', { epochs: 2, settings: { data: 'imagefolder', dataPath: data } });
      writeRun(runs, 'two', { epochs: 0, settings: { data: 'imagefolder', dataPath: other } });
      writeRun(runs, 'three', { epochs: 2, settings: { data: 'cifar10', dataPath: folder } });
      assert.deepEqual(await answered<DataFolder[]>(look(studio, 'folders')), [
        { folder: data, runs: ['one'] },
        { folder: other, runs: [] },
      ]);
      for (const path of [folder, join(data, 'cat'), `${data}/`, `${data}/../data`, '/', '', 'data'])
        for (const what of ['overview', 'images', 'thumbnail'])
          await refused(look(studio, what, { folder: path, image: 'cat/0.png' }), /is neither a folder that/);
      await refused(look(studio, 'overview', { folder: other }), /other/);
      await refused(look(studio, 'overview'), /does not say which folder$/);
    }));

  it('need the token, whatever is asked', () =>
    withData(async ({ studio, data }) => {
      const query = new URLSearchParams({ folder: data, image: 'cat/0.png', run: 'one' });
      for (const path of ['folders', 'overview', 'images', 'thumbnail'])
        assert.equal((await ask(studio, `/api/data/${path}?${query}`)).status, 401, path);
      for (const path of ['mark', 'check', 'inspect'])
        assert.equal((await ask(studio, `/api/data/${path}?${query}`, { method: 'POST' })).status, 401, path);
    }));

  it('are listed by class and in pages', () =>
    withData(async ({ studio, data: folder }) => {
      const { parts, marked } = await answered<DataOverview>(look(studio, 'overview', { folder }));
      assert.deepEqual(parts, [
        {
          part: 'train',
          folder,
          classes: [
            { name: 'cat', images: 5 },
            { name: 'dog', images: 5 },
          ],
        },
      ]);
      assert.deepEqual([marked.images, marked.notes], [[], []]);
      const page = await answered<ImagePage>(look(studio, 'images', { folder, from: '4', count: '2' }));
      assert.equal(page.ofImages, 10);
      assert.deepEqual(page.images[0], { image: 'cat/4.png', class: 'cat' });
      const dogs = await answered<ImagePage>(look(studio, 'images', { folder, class: 'dog' }));
      assert.deepEqual(dogs.images.map(({ image }) => image.slice(4)).sort(), [...ODD].sort());
      for (const [values, message] of [
        [{ part: 'val' }, /has no part "val"$/],
        [{ part: 'all' }, /^part must be train, val, test, not "all"$/],
        [{ from: '-1' }, /^from must be a whole number from 0 on, not "-1"$/],
        [{ count: '201' }, /^count must be a whole number from 1 to 200, not "201"$/],
      ] as const)
        await refused(look(studio, 'images', { folder, ...values }), message);
    }));
});

describe('thumbnails in a studio', () => {
  it('are small, and of images of the folder alone, links out of it excluded', () =>
    withData(async ({ studio, data: folder, folder: outside }) => {
      writeFileSync(join(folder, 'cat', 'large.png'), await png(900));
      writeFileSync(join(folder, 'cat', 'text.png'), 'no image');
      writeFileSync(join(outside, 'secret.png'), await png());
      writeFileSync(join(folder, 'cat', 'notes.txt'), 'secret');
      if (process.platform !== 'win32') {
        symlinkSync(join(outside, 'secret.png'), join(folder, 'cat', 'linked.png'));
        symlinkSync(join(folder, 'cat', '0.png'), join(folder, 'cat', 'inside.png'));
      }
      await look(studio, 'overview', { folder });
      const headers = { authorization: `Bearer ${studio.token}` };
      const query = new URLSearchParams({ folder, image: 'cat/large.png' });
      const response = await fetch(`${studio.address}api/data/thumbnail?${query}`, { headers });
      assert.equal(response.headers.get('content-type'), 'image/webp');
      const { width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
      assert.deepEqual([width, height], [192, 2]);
      for (const image of ['../secret.png', 'cat/../cat/0.png', '/cat/0.png', 'cat/notes.txt', 'cat', ''])
        await refused(look(studio, 'thumbnail', { folder, image }), /has no image /);
      await refused(
        look(studio, 'thumbnail', { folder, image: 'cat/text.png' }),
        /is not an image that can be read$/,
      );
      if (process.platform === 'win32') return;
      await refused(look(studio, 'thumbnail', { folder, image: 'cat/linked.png' }), /link that leads out of/);
      assert.equal((await look(studio, 'thumbnail', { folder, image: 'cat/inside.png' })).status, 200);
    }));
});

describe('marks in a studio', () => {
  it('are a list that training takes, whatever the names, in which what people write stays', () =>
    withData(async ({ studio, data: folder }) => {
      const odd = ODD.map((name) => `dog/${name}`.normalize('NFC'));
      const marks = await answered<MarkedImages>(mark(studio, folder, odd.slice(0, 3)));
      await answered(mark(studio, folder, odd));
      const { list } = marks;
      appendFileSync(list, '# mine\nno/such.png\ncat/1.png # blurred');
      const { marked } = await answered<DataOverview>(look(studio, 'overview', { folder }));
      assert.deepEqual(marked.images.map(({ image }) => image).sort(), [...odd, 'cat/1.png'].sort());
      assert.deepEqual(marked.notes, [`${list} has an entry that matches nothing, such as no/such.png`]);
      writeFileSync(join(folder, 'dog', 'kept.png'), await png());
      const { train } = loadImageFolders(folder, { excludeList: list, splitBy: 'none' });
      const kept = Array.from({ length: train.count }, (_, i) => imageKey(train.source(i), folder));
      assert.deepEqual(kept, ['cat/0.png', 'cat/2.png', 'cat/3.png', 'cat/4.png', 'dog/kept.png']);
      await answered(mark(studio, folder, ['cat/0.png']));
      const left = await answered<MarkedImages>(mark(studio, folder, [...odd, 'cat/1.png'], false));
      assert.deepEqual(left.images, [{ image: 'cat/0.png', class: 'cat' }]);
      const lines = readFileSync(list, 'utf8').split('\n').slice(1);
      assert.deepEqual(lines, ['# mine', 'no/such.png', 'cat/0.png', '']);
    }));

  it('are refused in a sentence where they cannot be made', () =>
    withData(async ({ studio, data: folder }) => {
      await refused(mark(studio, folder, ['cat/9.png']), /has no image "cat\/9\.png"/);
      await refused(mark(studio, folder, ['../x']), /has no image/);
      const path = `/api/data/mark?${new URLSearchParams({ folder })}`;
      await refused(tell(studio, path, { images: 'cat/0.png', isMarked: true }), /must have images, a list/);
      await refused(tell(studio, path, { images: [] }), /^isMarked must be true or false$/);
      await refused(tell(studio, path, { images: [], isMarked: true, list: 'x' }), /must not have "list"$/);
      const { list } = await answered<MarkedImages>(mark(studio, folder, ['dog/1 % 2.png']));
      writeFileSync(list, 'cat/\n');
      await refused(
        mark(studio, folder, ['cat/0.png'], false),
        /on the list with the folder that it lies in: edit /,
      );
      assert.equal(readFileSync(list, 'utf8'), 'cat/\n');
    }));

  it('made at the same time are all kept', () =>
    withData(async ({ studio, data: folder }) => {
      const images = Array.from({ length: 5 }, (_, i) => `cat/${i}.png`);
      await Promise.all(images.map((image) => mark(studio, folder, [image])));
      const { marked } = await answered<DataOverview>(look(studio, 'overview', { folder }));
      assert.deepEqual(
        marked.images.map(({ image }) => image),
        images,
      );
    }));
});

describe('checks of data in a studio', () => {
  it('tell how far they are, and find what check-data finds, without the marked images', () =>
    withData(async ({ studio, data: folder }) => {
      writeFileSync(join(folder, 'cat', 'cut.png'), (await png()).subarray(0, 40));
      const check = async (): Promise<CheckNews[]> => {
        const { status, body } = await tell(studio, `/api/data/check?${new URLSearchParams({ folder })}`);
        assert.equal(status, 200);
        return body
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as CheckNews);
      };
      const unusable = (news: CheckNews | undefined): unknown =>
        news && 'check' in news && news.check.unusable;
      const news = await check();
      assert.ok(news.slice(0, -1).every((each) => 'done' in each && each.total === 11));
      assert.ok(news.length > 1);
      assert.deepEqual(unusable(news.at(-1)), ['cat/cut.png']);
      await answered(mark(studio, folder, ['cat/cut.png']));
      assert.deepEqual(unusable((await check()).at(-1)), []);
    }));

  it('say in a sentence why there is none', () =>
    withStudio(async (studio, runs, folder) => {
      const gone = join(folder, 'gone');
      writeRun(runs, 'one', { epochs: 1, settings: { data: 'imagefolder', dataPath: gone } });
      const { body } = await tell(studio, `/api/data/check?${new URLSearchParams({ folder: gone })}`);
      assert.match((JSON.parse(body) as { error: string }).error, /gone/);
      await refused(tell(studio, '/api/data/inspect?run=one'), /has no checkpoint yet$/);
      await refused(tell(studio, '/api/data/inspect?run=one&images=1'), /from 2 to 10000, not "1"$/);
      await refused(tell(studio, '/api/data/inspect?run=..'), /there is no run/);
    }));
});

describe('a large folder in a studio', () => {
  it('is listed in pages, of which the last is short', () =>
    withData(async ({ studio, data: folder }) => {
      const first = join(folder, 'cat', '0.png');
      for (let i = 0; i < 5000; i++) linkSync(first, join(folder, 'cat', `copy-${i}.png`));
      const overview = await answered<DataOverview>(look(studio, 'overview', { folder }));
      assert.equal(overview.parts[0]!.classes[0]!.images, 5005);
      const page = await answered<ImagePage>(look(studio, 'images', { folder, from: '4980' }));
      assert.equal(page.ofImages, 5010);
      assert.equal(page.images.length, 30);
      assert.equal(page.images.at(-1)!.class, 'dog');
    }));
});
