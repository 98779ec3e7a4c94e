import { serveCalls } from '../engines/host/channel/callServer.js';
import { threadEnd } from '../engines/host/channel/node.js';
import { mixImages } from './augment/mixing.js';
import { type ImageTarget, isByteImages } from './byteImages.js';
import type { LoaderCalls, LoaderSettings, MadePart, PartRequest } from './loaderCalls.js';
import { normalisationTables } from './normalise.js';
import { PixelPreparer } from './pixelPreparer.js';

/** Parts made at a time: while the last images of one are decoded, the next one starts. */
const AT_ONCE = 2;

/** Writes the images of a part, and returns those that are kept decoded from now on. */
type Fill = (images: ImageTarget, part: PartRequest<unknown>) => MadePart['kept'] | Promise<MadePart['kept']>;

async function fillWith(settings: LoaderSettings): Promise<Fill> {
  const { memory, preprocessing, training, store } = settings;
  const { imageSize } = preprocessing;
  if (memory) {
    const preparer = new PixelPreparer({ ...memory, imageSize }, preprocessing, training);
    return (images, part) => {
      if (isByteImages(images)) preparer.fillBytes(images, part);
      else preparer.fill(images, part);
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

async function filled(images: ImageTarget, part: PartRequest<unknown>): Promise<MadePart['kept']> {
  if (!fill) throw new Error('the loader has not started');
  return (await fill)(images, part);
}

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
      const length = part.room * imageLength;
      const images = part.over?.length === length ? part.over : new Float32Array(length);
      return { images, kept: await filled(images, part) };
    },
    makeBytes: async (part) => {
      const length = part.room * imageLength;
      const pixels = part.over?.length === length ? part.over : new Uint8Array(length);
      const images = { pixels, placements: new Int32Array(3 * part.room) };
      return { ...images, kept: await filled(images, part) };
    },
    mix: ({ images, count, size, mix }) => {
      mixImages(images, count, size, mix);
      return images;
    },
  },
  (_, running) => running.length < AT_ONCE,
);
