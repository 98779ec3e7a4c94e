import { parentPort, workerData } from 'node:worker_threads';
import { errorMessage, UserError } from '../errors.js';
import type { LoaderWorkerData, PartReply, PartRequest } from './loaderProtocol.js';
import type { PicturePreparer } from './pictures/prepare.js';
import { fillPixelBatch, normalisationTables } from './pixelTransforms.js';

const { memory, normalisation, imageSize, augmentation } = workerData as LoaderWorkerData;
const tables = normalisationTables(normalisation);
// Pictures in memory need no decoder.
const preparer = memory ? undefined : await startPreparer();

async function startPreparer(): Promise<PicturePreparer> {
  const { PicturePreparer } = await import('./pictures/prepare.js');
  return new PicturePreparer({ imageSize, tables, augmentation });
}

async function make({ id, epoch, indices, sources, room }: PartRequest): Promise<PartReply> {
  const images = new Float32Array(room * 3 * imageSize * imageSize);
  if (memory) {
    const augment = augmentation && { seed: augmentation.seed, epoch, how: augmentation.pixels };
    fillPixelBatch(images, memory, { indices, ...(augment && { augment }) }, tables);
  } else {
    await preparer?.fill(images, sources, { epoch, indices });
  }
  return { id, images };
}

function failure(id: number, error: unknown): PartReply {
  return { id, error: errorMessage(error), isUserError: error instanceof UserError };
}

parentPort!.on('message', (request: PartRequest) => {
  make(request)
    .catch((error: unknown) => failure(request.id, error))
    .then((reply) => parentPort!.postMessage(reply, 'images' in reply ? [reply.images.buffer] : []));
});
