import { parentPort, workerData } from 'node:worker_threads';
import { errorMessage, UserError } from '../errors.js';
import type { BatchReply, BatchRequest, LoaderWorkerData } from './loaderProtocol.js';
import { fillPixelBatch, normalisationTables } from './pixelTransforms.js';

const { dataset, batchSize, imageSize, augmentation } = workerData as LoaderWorkerData;
const tables = normalisationTables(dataset.normalisation);

function fill(images: Float32Array, { indices, epoch }: BatchRequest): void {
  const augment = augmentation && { seed: augmentation.seed, epoch, how: augmentation.pixels };
  fillPixelBatch(images, dataset, { indices, ...(augment && { augment }) }, tables);
}

async function make(request: BatchRequest): Promise<BatchReply> {
  const images = new Float32Array(batchSize * 3 * imageSize * imageSize);
  const count = request.indices.length;
  fill(images, request);
  const labels = new Int32Array(batchSize);
  request.indices.forEach((index, n) => {
    labels[n] = dataset.labels[index]!;
  });
  return { id: request.id, images, labels, count };
}

parentPort!.on('message', (request: BatchRequest) => {
  make(request).then(
    (reply) =>
      parentPort!.postMessage(
        reply,
        'images' in reply ? [reply.images.buffer as ArrayBuffer, reply.labels.buffer as ArrayBuffer] : [],
      ),
    (error: unknown) => {
      const reply: BatchReply = {
        id: request.id,
        error: errorMessage(error),
        isUserError: error instanceof UserError,
      };
      parentPort!.postMessage(reply);
    },
  );
});
