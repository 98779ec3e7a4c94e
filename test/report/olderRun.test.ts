import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { olderImageFolders } from '../../src/data/folders/olderRuns.js';
import { imageKey } from '../../src/data/folders/splits.js';
import { parseSafetensors } from '../../src/formats/safetensors/parse.js';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import { namesOf } from '../../src/report/inspect/inspectRun.js';
import { TrainedModel } from '../../src/report/trainedModel.js';
import type { CheckpointInfo } from '../../src/train/checkpointInfo.js';
import { drawClasses } from '../cli/fixtures/images.js';
import { withFolder } from '../train/fixtures/tiny.js';

/** A run whose settings have neither `splitBy` nor `exif`. */
const SAVED = 'test/fixtures/savedRuns/bias/last.safetensors';

/** The saved run, as if it had been trained on images in folders. Returns the names of its classes. */
function asImageRun(folder: string, dataPath: string): readonly string[] {
  const { tensors, metadata } = parseSafetensors(readFileSync(SAVED), SAVED);
  const info = JSON.parse(metadata.get('biasloss')!) as CheckpointInfo;
  const config = {
    ...info.training!.config,
    data: 'imagefolder',
    dataPath,
    limitTrain: null,
    limitTest: null,
  };
  const training = { ...info.training, config };
  mkdirSync(folder);
  const described = new Map([...metadata, ['biasloss', JSON.stringify({ ...info, training })]]);
  const parts = serializeSafetensors(tensors, described);
  writeFileSync(join(folder, 'last.safetensors'), Buffer.concat(parts));
  return info.data.classes;
}

it('images of a run of version 0.1.0 are those that it held out: its split went by place', () =>
  withFolder(async (cwd) => {
    const [run, images] = [join(cwd, 'run'), join(cwd, 'images')];
    await drawClasses(images, asImageRun(run, images), 6);
    const { test, root } = olderImageFolders(images, {});
    const held = Array.from({ length: test.count }, (_, i) => imageKey(test.source(i), root));
    const model = await TrainedModel.open(run);
    try {
      assert.deepEqual(namesOf(model), held);
    } finally {
      await model.close();
    }
  }));
