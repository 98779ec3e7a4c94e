import { parentPort, workerData } from 'node:worker_threads';
import { errorMessage, UserError } from '../errors.js';
import type { ImagePreparer } from './images/prepare.js';
import type { LoaderWorkerData, PartReply, PartRequest, SpareArray } from './loaderProtocol.js';
import { fillPixelBatch, normalisationTables } from './pixelTransforms.js';

const { memory, normalisation, imageSize, channels, augmentation } = workerData as LoaderWorkerData;
const tables = normalisationTables(normalisation);
// Images in memory need no decoder.
const preparer = memory ? undefined : await startPreparer();

async function startPreparer(): Promise<ImagePreparer> {
  const { ImagePreparer } = await import('./images/prepare.js');
  return new ImagePreparer({ imageSize, channels, tables, augmentation });
}

/** Parts made at a time: while the last images of one are decoded, those of the next begin. */
const AT_ONCE = 2;
const waiting: PartRequest[] = [];
const spares: Float32Array<ArrayBuffer>[] = [];
let running = 0;

async function make({ id, epoch, indices, sources, room }: PartRequest): Promise<PartReply> {
  const length = room * channels * imageSize * imageSize;
  const spare = spares.pop();
  const images = spare?.length === length ? spare : new Float32Array(length);
  if (memory) {
    const augment = augmentation && { seed: augmentation.seed, epoch, how: augmentation.pixels };
    fillPixelBatch(
      images,
      { ...memory, imageSize, channels },
      { indices, ...(augment && { augment }) },
      tables,
    );
  } else {
    await preparer?.fill(images, sources, { epoch, indices });
  }
  return { id, images };
}

function failure(id: number, error: unknown): PartReply {
  return { id, error: errorMessage(error), isUserError: error instanceof UserError };
}

async function answer(request: PartRequest): Promise<void> {
  running++;
  const reply = await make(request).catch((error: unknown) => failure(request.id, error));
  running--;
  parentPort!.postMessage(reply, 'images' in reply ? [reply.images.buffer] : []);
  startWaiting();
}

function startWaiting(): void {
  while (running < AT_ONCE && waiting.length > 0) void answer(waiting.shift()!);
}

parentPort!.on('message', (message: PartRequest | SpareArray) => {
  if ('spare' in message) spares.push(message.spare);
  else waiting.push(message);
  startWaiting();
});
