/** Runs an exported model in onnxruntime-web, in a worker of the page. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { ModelInput } from '../../../data/images/modelInput.js';
import { serveCalls } from '../../../engines/host/channel/callServer.js';
import { type WebWorkerScope, webWorkerEnd } from '../../../engines/host/channel/web.js';
import type { OnnxCalls } from './onnxCalls.js';

declare const self: WebWorkerScope;

type Ort = typeof import('onnxruntime-web');

let ort: Ort | undefined;
let session: InferenceSession | undefined;
let heatSession: InferenceSession | undefined;

function tensorOf(input: ModelInput): Tensor {
  return input.type === 'uint8'
    ? new ort!.Tensor('uint8', input.data, input.dims)
    : new ort!.Tensor('float32', input.data, input.dims);
}

serveCalls<OnnxCalls>(webWorkerEnd(self), {
  open: async ({ model, runtime }) => {
    ort = await import('onnxruntime-web/wasm');
    ort.env.wasm.wasmPaths = runtime;
    ort.env.wasm.numThreads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
    session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  },
  openHeat: async ({ model }) => {
    heatSession = await ort!.InferenceSession.create(model, { executionProviders: ['wasm'] });
  },
  run: async (input) => {
    const { logits } = await session!.run({ images: tensorOf(input) });
    return logits!.data as Float32Array;
  },
  heat: async ({ input, chosen }) => {
    const feeds = { images: tensorOf(input), chosen: new ort!.Tensor('float32', chosen, [1, chosen.length]) };
    const { heat } = await heatSession!.run(feeds);
    const [, height, width] = heat!.dims as [number, number, number];
    return { heat: heat!.data as Float32Array, height, width };
  },
});
