import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { Shape, TensorData } from '../../../graph/tensorType.js';
import { freeArrays } from '../../host/freeArrays.js';
import { providers } from '../providers.js';
import type { OnnxRuntime, RuntimeSession, SessionOptions, Wanted } from '../runtime.js';
import { deviceTensor, type GpuDevice, readDeviceTensor } from './gpuBuffers.js';
import { createSession, hostData, hostTensor, nameOf, type Ort } from './ort.js';

/** With this layout fewer nodes are put between others. */
const PROVIDER = { name: 'webgpu', preferredLayout: 'NCHW' } as const;

/**
 * onnxruntime-web on the visitor's GPU. What a run is given lies on the host; what updates variables is written to
 * buffers on the device, which take turns and are never copied to the host unless they are read.
 */
export class WebGpuRuntime implements OnnxRuntime<Tensor> {
  readonly name: string;
  readonly provider = providers.webgpu;
  readonly writesOver = true;
  /** Why the device was lost. */
  private lost: string | undefined;

  /**
   * @param device ONNX Runtime's, which it destroys with its last session: one must stay open
   * @param resources such as the adapter's name
   */
  constructor(
    private readonly ort: Ort,
    private readonly device: GpuDevice,
    readonly resources: string,
  ) {
    this.name = nameOf(ort, 'WebGPU');
    void device.lost.then(({ message }) => {
      this.lost = message || 'no reason is given';
    });
  }

  tensor(data: TensorData | Uint8Array, shape: Shape): Tensor {
    return hostTensor(this.ort, data, shape);
  }

  async read(tensor: Tensor): Promise<TensorData> {
    return isOnHost(tensor) ? hostData(tensor).slice() : readDeviceTensor(this.device, tensor);
  }

  async take(tensor: Tensor): Promise<TensorData> {
    if (isOnHost(tensor)) return hostData(tensor);
    const data = await this.read(tensor);
    tensor.dispose();
    return data;
  }

  dispose(tensor: Tensor): void {
    if (isOnHost(tensor)) freeArrays([hostData(tensor)]);
    else tensor.dispose();
  }

  async session(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession<Tensor>> {
    const session = await createSession(this.ort, model, options, PROVIDER);
    return {
      run: (feeds, wanted) => this.run(session, feeds, wanted),
      release: () => session.release(),
    };
  }

  private async run(
    session: InferenceSession,
    feeds: Readonly<Record<string, Tensor>>,
    wanted: readonly Wanted<Tensor>[],
  ): Promise<Tensor[]> {
    if (this.lost !== undefined) throw new Error(`the GPU device is lost (${this.lost})`);
    const targets: Record<string, Tensor | null> = {};
    for (const each of wanted) targets[each.name] = this.target(each);
    const results = await session.run(feeds, targets);
    return wanted.map(({ name }) => targets[name] ?? results[name]!);
  }

  /** Where a result is written; null where it goes to the host: arrays that are given are not written. */
  private target({ type, toHost, over }: Wanted<Tensor>): Tensor | null {
    if (toHost || !type) return null;
    return over && !isOnHost(over) ? over : deviceTensor(this.ort, this.device, type);
  }
}

function isOnHost({ location }: Tensor): boolean {
  return location === 'cpu';
}
