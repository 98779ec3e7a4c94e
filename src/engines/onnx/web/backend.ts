import { errorMessage, UserError } from '../../../errors.js';
import type { EngineBackend } from '../../engine.js';
import { freeArrays } from '../../host/freeArrays.js';
import { OnnxBackend } from '../backend.js';
import { smallestModel } from '../smallestModel.js';
import type { GpuDevice } from './gpuBuffers.js';
import { createSession, type Ort } from './ort.js';
import type { WasmPaths, WebProvider } from './wasmFiles.js';
import { WasmRuntime } from './wasmRuntime.js';
import { WebGpuRuntime } from './webGpuRuntime.js';

/** Options of the backend in a page's worker. */
export interface WebBackendOptions {
  readonly provider: WebProvider;
  /** Of WebAssembly. Default: as many as there are cores. */
  readonly threads?: number | undefined;
  /** URLs of onnxruntime-web's files. Default: where the worker's script lies. */
  readonly wasmPaths?: WasmPaths | undefined;
}

/** The part of a worker's global scope that is used. */
declare const crossOriginIsolated: boolean;
declare const navigator: {
  readonly hardwareConcurrency: number;
  readonly gpu?: {
    requestAdapter(): Promise<null | {
      readonly info?: { readonly vendor: string; readonly architecture: string };
    }>;
  };
};

/**
 * ONNX Runtime in a page's worker.
 *
 * @throws UserError when onnxruntime-web's files cannot be loaded, or there is no GPU that WebGPU can use
 */
export async function createWebBackend(options: WebBackendOptions): Promise<EngineBackend> {
  return options.provider === 'webgpu' ? webGpuBackend(options) : wasmBackend(options);
}

async function wasmBackend({ threads, wasmPaths }: WebBackendOptions): Promise<EngineBackend> {
  const ort = await import('onnxruntime-web/wasm');
  const count = crossOriginIsolated ? (threads ?? navigator.hardwareConcurrency) : 1;
  const why = crossOriginIsolated ? '' : ', as the page is not cross-origin isolated';
  await start(ort, 'wasm', { wasmPaths, threads: count });
  return new OnnxBackend(new WasmRuntime(ort, `${count} thread${count === 1 ? '' : 's'}${why}`));
}

async function webGpuBackend({ wasmPaths }: WebBackendOptions): Promise<EngineBackend> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter)
    throw new UserError(
      `this browser has no GPU that WebGPU can use: take the provider wasm${navigator.gpu ? '' : ' (pages need https for WebGPU)'}`,
    );
  const ort = await import('onnxruntime-web/webgpu');
  await start(ort, 'webgpu', { wasmPaths, threads: 1 });
  const device = (await ort.env.webgpu.device) as GpuDevice;
  const { vendor = '', architecture = '' } = adapter.info ?? {};
  const named = [vendor, architecture].filter((word) => word !== '').join(' ');
  return new OnnxBackend(new WebGpuRuntime(ort, device, named || 'GPU'));
}

/** A file's contents. @throws Error when the server does not have it */
async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answers ${response.status} for ${url}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Loads WebAssembly with a session that stays open for as long as the worker lives: with the last one ONNX Runtime would
 * destroy the GPU's device.
 */
async function start(
  ort: Ort,
  provider: WebProvider,
  { wasmPaths, threads }: { readonly wasmPaths: WasmPaths | undefined; readonly threads: number },
): Promise<void> {
  const { wasm } = ort.env;
  wasm.numThreads = threads;
  try {
    let binary: Uint8Array | undefined;
    if (wasmPaths !== undefined) {
      // What onnxruntime-web loads itself is compiled while it comes, and Chromium then keeps its bytes twice.
      binary = await fetchBytes(wasmPaths.wasm);
      Object.assign(wasm, { wasmPaths, wasmBinary: binary });
    }
    await createSession(ort, smallestModel(), { optimise: false, externalData: [] }, provider);
    if (binary) freeArrays([binary]);
  } catch (error) {
    const files = wasmPaths
      ? `${wasmPaths.mjs} and ${wasmPaths.wasm}`
      : 'the files in the folder of the worker’s script';
    throw new UserError(`onnxruntime-web does not start with ${files}: ${errorMessage(error)}`);
  }
}
