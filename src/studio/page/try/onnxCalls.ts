import type { ModelInput } from '../../../data/images/modelInput.js';
import type { WasmPaths } from '../../../engines/onnx/web/wasmFiles.js';

/** Calls from the page to the worker that runs an exported model. */
export interface OnnxCalls {
  /** Opens a model's bytes, with onnxruntime-web's files. */
  open(args: { readonly model: Uint8Array; readonly runtime: WasmPaths }): void;
  /** Opens a second model, which computes Grad-CAM. */
  openHeat(args: { readonly model: Uint8Array }): void;
  run(args: ModelInput): Float32Array;
  heat(args: { readonly input: ModelInput; readonly chosen: Float32Array }): {
    readonly heat: Float32Array;
    readonly height: number;
    readonly width: number;
  };
}
