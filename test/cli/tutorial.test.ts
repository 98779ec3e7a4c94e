/** The commands of docs/tutorial.md, one after the other, on drawn images. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses } from './fixtures/images.js';
import { biasloss } from './fixtures/process.js';

const TUTORIAL = readFileSync(new URL('../../../docs/tutorial.md', import.meta.url), 'utf8');

/** Commands without `biasloss`. */
function commands(): string[][] {
  const blocks = [...TUTORIAL.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!.trim());
  return blocks
    .flatMap((block) => block.split('\n'))
    .map((line) => {
      const [program, ...args] = line.split(/\s+/);
      assert.equal(program, 'biasloss');
      return args;
    });
}

/** What each command must print. */
const printed: readonly (readonly [command: string, output: RegExp])[] = [
  ['check-data', /48 images in 2 classes/],
  ['train', /epoch 30\/30 [\s\S]*\nrun folder: runs\/mine\n/],
  ['curves', /svg/],
  // Chance is 50%: after 8 epochs it was that.
  ['test', /^top-1 [\s\S]*\nbalanced accuracy +([6-9]\d|100)\.\d\d%[\s\S]*most confused/],
  ['inspect', /likely label errors/],
  ['export', /^mine\.onnx: 1\.\d\d MB, checked against the source/],
  ['validate', /^top-1 +([6-9]\d|100)\.\d\d%[\s\S]*\n48 images\n$/],
  ['predict', /^images\/cat\/1\.jpg\n( +\d+\.\d\d% {2}(cat|dog)\n){2}$/],
];

test('the tutorial’s commands lead from images to a model for a page', () =>
  withFolder(async (cwd) => {
    await drawClasses(join(cwd, 'images'), ['cat', 'dog'], 24);
    // The tutorial's image: drawn as a PNG, and told by its contents.
    renameSync(join(cwd, 'images/cat/1.png'), join(cwd, 'images/cat/1.jpg'));
    const given = commands();
    assert.deepEqual(
      given.map(([command]) => command),
      printed.map(([command]) => command),
    );
    for (const [i, args] of given.entries()) {
      const { code, stdout, stderr } = await biasloss(args, { cwd });
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      assert.match(stdout, printed[i]![1]);
    }
    const labels = JSON.parse(readFileSync(join(cwd, 'mine.labels.json'), 'utf8')) as Record<string, unknown>;
    assert.deepEqual([labels.classes, labels.input], [['cat', 'dog'], 'uint8']);
    assert.ok(existsSync(join(cwd, 'mine.onnx')));
  }));
