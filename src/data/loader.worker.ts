import { serveCalls } from '../engines/host/channel/callServer.js';
import { threadEnd } from '../engines/host/channel/node.js';
import { mixImages } from './augment/mixing.js';
import type { LoaderCalls, LoaderSettings, PartRequest } from './loaderCalls.js';
import { normalisationTables } from './normalise.js';
import { PixelPreparer } from './pixelPreparer.js';

/** Parts made at a time: while the last images of one are decoded, the next one starts. */
const AT_ONCE = 2;

/** Fills an array with the images of a part. */
type Fill = (images: Float32Array, part: PartRequest) => void | Promise<void>;

async function fillWith(settings: LoaderSettings): Promise<Fill> {
  const { memory, preprocessing, training } = settings;
  const { imageSize } = preprocessing;
  if (memory) {
    const preparer = new PixelPreparer({ ...memory, imageSize }, preprocessing, training);
    return (images, part) => preparer.fill(images, part);
  }
  // Images in memory need no decoder.
  const { ImagePreparer } = await import('./images/prepare.js');
  const tables = normalisationTables(preprocessing);
  const preparer = new ImagePreparer({ preprocessing, tables, training });
  return (images, { sources, epoch, indices }) => preparer.fill(images, sources, { epoch, indices });
}

let imageLength = 0;
let fill: Promise<Fill> | undefined;

serveCalls<LoaderCalls>(
  threadEnd(),
  {
    start: async (settings) => {
      const { mean, imageSize } = settings.preprocessing;
      imageLength = mean.length * imageSize ** 2;
      // Parts may be requested meanwhile.
      fill = fillWith(settings);
      await fill;
    },
    make: async (part) => {
      if (!fill) throw new Error('the loader has not started');
      const length = part.room * imageLength;
      const images = part.over?.length === length ? part.over : new Float32Array(length);
      await (await fill)(images, part);
      return images;
    },
    mix: ({ images, count, size, mix }) => {
      mixImages(images, count, size, mix);
      return images;
    },
  },
  AT_ONCE,
);
