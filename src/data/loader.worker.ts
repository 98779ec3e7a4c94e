import { serveCalls } from '../engines/host/channel/callServer.js';
import { threadEnd } from '../engines/host/channel/node.js';
import { mixImages } from './augment/mixing.js';
import type { LoaderCalls, LoaderSettings, MadePart, PartRequest } from './loaderCalls.js';
import { normalisationTables } from './normalise.js';
import { PixelPreparer } from './pixelPreparer.js';

/** Parts made at a time: while the last images of one are decoded, the next one starts. */
const AT_ONCE = 2;

/** Fills an array with the images of a part, and returns those that are kept decoded from now on. */
type Fill = (images: Float32Array, part: PartRequest) => MadePart['kept'] | Promise<MadePart['kept']>;

async function fillWith(settings: LoaderSettings): Promise<Fill> {
  const { memory, preprocessing, training, store } = settings;
  const { imageSize } = preprocessing;
  if (memory) {
    const preparer = new PixelPreparer({ ...memory, imageSize }, preprocessing, training);
    return (images, part) => {
      preparer.fill(images, part);
      return [];
    };
  }
  // Images in memory need no decoder.
  const { ImagePreparer } = await import('./images/prepare.js');
  const tables = normalisationTables(preprocessing);
  const preparer = new ImagePreparer({ preprocessing, tables, training, store });
  return (images, { sources, kept, epoch, indices }) =>
    preparer.fill(images, sources, { epoch, indices, kept });
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
      return { images, kept: await (await fill)(images, part) };
    },
    mix: ({ images, count, size, mix }) => {
      mixImages(images, count, size, mix);
      return images;
    },
  },
  AT_ONCE,
);
