import type { EpochFigures, KeptCheckpoint } from './news.js';
import type { TrainingJob } from './plan.js';
import type { StoredTraining } from './storedTraining.js';

const DATABASE = 'biasloss';
const STORE = 'training';

/** Settles when a request is done. */
function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the browser gives no reason'));
  });
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return done(request);
}

/** Runs one transaction, which is done as a whole or not at all. */
async function within<T>(
  mode: IDBTransactionMode,
  body: (store: IDBObjectStore) => Promise<T> | T,
): Promise<T> {
  const database = await open();
  try {
    const transaction = database.transaction(STORE, mode);
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the browser is out of space'));
    });
    const [result] = await Promise.all([body(transaction.objectStore(STORE)), ended]);
    return result;
  } finally {
    database.close();
  }
}

/** Keeps a new training in place of the last. @throws Error when the browser keeps nothing */
export async function storeJob(job: TrainingJob): Promise<void> {
  await within('readwrite', (store) => {
    store.clear();
    store.put(job, 'job');
    store.put(job.id, 'id');
  });
}

/**
 * Keeps a checkpoint, and the epochs so far.
 *
 * @param id the training's
 * @throws Error when the browser keeps nothing, or another training by now
 */
export async function storeCheckpoint(
  id: string,
  which: KeptCheckpoint,
  bytes: Uint8Array,
  epochs: readonly EpochFigures[],
): Promise<void> {
  await within('readwrite', async (store) => {
    const kept = await done<unknown>(store.get('id'));
    if (kept !== id) throw new Error('it keeps the training of another tab by now');
    store.put(bytes, which);
    store.put(epochs, 'epochs');
  });
}

/** What is kept; undefined if it is nothing. */
export async function loadTraining(): Promise<StoredTraining | undefined> {
  const [job, last, best, epochs] = await within('readonly', (store) =>
    Promise.all(['job', 'last', 'best', 'epochs'].map((key) => done<unknown>(store.get(key)))),
  );
  if (job === undefined) return undefined;
  return {
    job: job as TrainingJob,
    last: last as Uint8Array | undefined,
    best: best as Uint8Array | undefined,
    epochs: (epochs ?? []) as EpochFigures[],
  };
}
