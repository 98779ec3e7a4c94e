import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/** Files of onnxruntime-web that pages load: for WebAssembly, and those that WebGPU needs besides. */
export const RUNTIME_FILES = {
  wasm: ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'],
  webgpu: [
    'ort.webgpu.min.mjs',
    'ort-wasm-simd-threaded.asyncify.mjs',
    'ort-wasm-simd-threaded.asyncify.wasm',
  ],
} as const;

/** Modules from which onnxruntime-web is looked for: the working folder's, and this package's own. */
function defaultPlaces(): string[] {
  return [resolve('package.json'), import.meta.url];
}

/**
 * The folder of onnxruntime-web's files; undefined if it is not installed, or is too old to have them.
 *
 * @param places modules, by path or URL, from whose folders it is looked for as Node.js does. Default: the working folder's, and this
 *   package's
 */
export function findWebRuntime(places: readonly string[] = defaultPlaces()): string | undefined {
  const folders = places.flatMap((place) => {
    try {
      return dirname(createRequire(place).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
    } catch {
      return [];
    }
  });
  return folders.find((folder) => RUNTIME_FILES.wasm.every((name) => existsSync(join(folder, name))));
}
