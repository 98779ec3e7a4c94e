/** The page in which this library trains. */
import { createWebEngine, type WebEngineOptions } from '../../src/browser.js';
import { ourTrainer } from './ourNet.js';
import { callsOf } from './training.js';

declare const Worker: new (
  path: string,
  options: { readonly type: 'module' },
) => NonNullable<WebEngineOptions['worker']>;

const calls = callsOf(async (threads) => {
  const worker = new Worker('/worker.js', { type: 'module' });
  return ourTrainer(await createWebEngine({ threads, wasmPaths: 'ort', worker }));
});

Object.assign(globalThis, { calls });
