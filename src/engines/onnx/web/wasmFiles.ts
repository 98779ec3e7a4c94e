/** The device that computes in a page: the processor through WebAssembly, or the GPU. */
export type WebProvider = 'wasm' | 'webgpu';

/** URLs of the two files of onnxruntime-web that a provider needs: a module, and WebAssembly. */
export interface WasmPaths {
  readonly mjs: string;
  readonly wasm: string;
}

/** Names of these files in onnxruntime-web's package, without their endings. */
export const WASM_FILES: Readonly<Record<WebProvider, string>> = {
  wasm: 'ort-wasm-simd-threaded',
  webgpu: 'ort-wasm-simd-threaded.asyncify',
};
