import { WASM_FILES, type WasmPaths, type WebProvider } from '../../../engines/onnx/web/wasmFiles.js';

/** URLs of onnxruntime-web's files beside the page, where its modules end in `.js`: some servers know no `.mjs`. */
export function runtimeFiles(provider: WebProvider = 'wasm'): WasmPaths {
  const urlOf = (ending: string): string =>
    new URL(`ort/${WASM_FILES[provider]}${ending}`, document.baseURI).href;
  return { mjs: urlOf('.js'), wasm: urlOf('.wasm') };
}
