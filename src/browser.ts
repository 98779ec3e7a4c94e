/**
 * What of the library runs in a page: models, training, formats to and from bytes, and the page's engine. It uses nothing
 * of Node.js.
 *
 * @packageDocumentation
 */

export { type CanvasPixels, rgbOfCanvas } from './data/images/canvasPixels.js';
export * from './data/images/pageImages.js';
export { createWebEngine, type WebEngineOptions } from './engines/onnx/web/createWebEngine.js';
export type { WasmPaths, WebProvider } from './engines/onnx/web/wasmFiles.js';
export * from './portable.js';
