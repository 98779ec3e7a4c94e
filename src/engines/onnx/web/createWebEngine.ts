import { UsageError } from '../../../errors.js';
import type { Engine } from '../../engine.js';
import { overWebWorker, type WebWorker } from '../../host/channel/web.js';
import { startWorkerEngine } from '../../host/workerEngine.js';
import type { WebBackendOptions } from './backend.js';
import { WASM_FILES, type WasmPaths, type WebProvider } from './wasmFiles.js';

/** Options of {@link createWebEngine}. */
export interface WebEngineOptions {
  /** `wasm` (default) computes on the processor, in every browser; `webgpu` on the visitor's GPU. */
  readonly provider?: WebProvider | undefined;
  /**
   * Threads of `wasm`. Default: as many as there are cores. In a page that is not cross-origin isolated it is one, whatever
   * is asked for; the engine's description says so.
   */
  readonly threads?: number | undefined;
  /**
   * URL of the folder that onnxruntime-web's files are served from, relative to the page: `ort-wasm-simd-threaded.mjs` and
   * `.wasm`, for `webgpu` those with `asyncify` in their names; or the URLs of both files, whatever they are called: some servers
   * know no `.mjs`. Default: where the worker's script lies.
   */
  readonly wasmPaths?: string | WasmPaths | undefined;
  /**
   * A new worker whose script is `biasloss/browser/worker`, for pages whose bundler does not find it by itself: a module's
   * `new Worker(url, { type: 'module' })`. Default: bundlers such as Vite and webpack find it.
   */
  readonly worker?: WebWorker | undefined;
}

/** The part of a page's global scope that is used. */
declare const Worker: new (url: URL, options: { readonly type: 'module' }) => WebWorker;
declare const document: { readonly baseURI: string } | undefined;
declare const location: { readonly href: string };

/**
 * Starts ONNX Runtime in a worker of the page. It needs the package `onnxruntime-web`.
 *
 * @throws UserError when onnxruntime-web's files cannot be loaded, or there is no GPU that WebGPU can use
 * @throws UsageError when an option is unknown
 */
export async function createWebEngine(options: WebEngineOptions = {}): Promise<Engine> {
  const { provider = 'wasm', threads, wasmPaths, worker } = options;
  if (provider !== 'wasm' && provider !== 'webgpu')
    throw new UsageError(`the provider must be wasm or webgpu, not ${provider as string}`);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw new UsageError(`threads must be a positive whole number, not ${threads}`);
  const made = worker ?? new Worker(new URL('./engine.worker.js', import.meta.url), { type: 'module' });
  return startWorkerEngine<WebBackendOptions>(overWebWorker(made), 'onnx', {
    provider,
    threads,
    wasmPaths: wasmPaths === undefined ? undefined : urlsOf(wasmPaths, provider),
  });
}

/** Absolute URLs: the worker's own address may be another than the page's. */
function urlsOf(paths: string | WasmPaths, provider: WebProvider): WasmPaths {
  const base = typeof document === 'undefined' ? location.href : document.baseURI;
  const urlOf = (path: string): string => new URL(path, base).href;
  if (typeof paths !== 'string') return { mjs: urlOf(paths.mjs), wasm: urlOf(paths.wasm) };
  const folder = urlOf(paths);
  const beginning = `${folder}${folder.endsWith('/') ? '' : '/'}${WASM_FILES[provider]}`;
  return { mjs: `${beginning}.mjs`, wasm: `${beginning}.wasm` };
}
