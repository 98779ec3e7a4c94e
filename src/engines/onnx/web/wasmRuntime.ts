import type { Tensor } from 'onnxruntime-web';
import type { Shape, TensorData } from '../../../graph/tensorType.js';
import { freeArrays } from '../../host/freeArrays.js';
import { providers } from '../providers.js';
import type { OnnxRuntime, RuntimeSession, SessionOptions } from '../runtime.js';
import { createSession, hostData, hostTensor, nameOf, type Ort } from './ort.js';

/**
 * onnxruntime-web on the processor. Tensors lie in arrays, which each run copies into WebAssembly's memory; results
 * are arrays of their own. What is given to write over would not be written.
 */
export class WasmRuntime implements OnnxRuntime<Tensor> {
  readonly name: string;
  readonly provider = providers.wasm;
  readonly writesOver = false;

  /** @param resources such as `2 threads` */
  constructor(
    private readonly ort: Ort,
    readonly resources: string,
  ) {
    this.name = nameOf(ort, 'WebAssembly');
  }

  tensor(data: TensorData | Uint8Array, shape: Shape): Tensor {
    return hostTensor(this.ort, data, shape);
  }

  read(tensor: Tensor): TensorData {
    return hostData(tensor).slice();
  }

  take(tensor: Tensor): TensorData {
    return hostData(tensor);
  }

  dispose(tensor: Tensor): void {
    freeArrays([hostData(tensor)]);
  }

  async session(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession<Tensor>> {
    const session = await createSession(this.ort, model, options, 'wasm');
    return {
      run: async (feeds, wanted) => {
        const results = await session.run(
          feeds,
          wanted.map(({ name }) => name),
        );
        return wanted.map(({ name }) => results[name]!);
      },
      release: () => session.release(),
    };
  }
}
