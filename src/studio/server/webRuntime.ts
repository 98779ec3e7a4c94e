import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/**
 * Files of onnxruntime-web by the names under which pages load them: for WebAssembly, and those that WebGPU needs besides. Modules
 * end in `.js`, since some servers, such as nginx as it is installed, do not send `.mjs` as JavaScript, and browsers refuse it then.
 */
export const RUNTIME_FILES = {
  wasm: ['ort.wasm.min.js', 'ort-wasm-simd-threaded.js', 'ort-wasm-simd-threaded.wasm'],
  webgpu: ['ort.webgpu.min.js', 'ort-wasm-simd-threaded.asyncify.js', 'ort-wasm-simd-threaded.asyncify.wasm'],
} as const;

/** Name in onnxruntime-web's package of one of {@link RUNTIME_FILES}. */
export function packagedName(name: string): string {
  return name.replace(/\.js$/, '.mjs');
}

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
  return folders.find((folder) =>
    RUNTIME_FILES.wasm.every((name) => existsSync(join(folder, packagedName(name)))),
  );
}
