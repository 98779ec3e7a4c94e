/** What an execution provider computes that not all of them do; lowerings choose their nodes by it. */
export interface Provider {
  /** ONNX Runtime's name of it. */
  readonly name: string;
  /** Channels of a block of the NCHWc layout (`com.microsoft.nchwc`) on this processor; undefined where it has none. */
  readonly blockSize: number | undefined;
  /** The training mode of BatchNormalization. */
  readonly trainingBatchNorm: boolean;
  /** `com.microsoft.FusedMatMul`. */
  readonly fusedMatMul: boolean;
  readonly logSoftmax: boolean;
  /** Whether a variable's update may be written over it, for which nodes are put in order. */
  readonly updatesInPlace: boolean;
  /** Whether few numbers are added at a time, so that rounding shows where a sum nearly cancels out. */
  readonly addsFewAtATime: boolean;
}

/** Name of a provider that lowerings know. */
export type ProviderName = 'cpu' | 'wasm' | 'webgpu';

/** ONNX's own operators, in evaluation: what every provider of an exported model has. */
export const STANDARD: Provider = {
  name: 'standard',
  blockSize: undefined,
  trainingBatchNorm: false,
  fusedMatMul: false,
  logSoftmax: true,
  updatesInPlace: false,
  addsFewAtATime: false,
};

/** Providers by name; a processor's block size is found by a probe. */
export const providers: { readonly [N in ProviderName]: Provider } = {
  cpu: {
    name: 'cpu',
    blockSize: undefined,
    trainingBatchNorm: true,
    fusedMatMul: true,
    logSoftmax: true,
    updatesInPlace: true,
    addsFewAtATime: false,
  },
  wasm: {
    name: 'wasm',
    blockSize: undefined,
    trainingBatchNorm: true,
    fusedMatMul: true,
    logSoftmax: true,
    updatesInPlace: false,
    addsFewAtATime: true,
  },
  webgpu: {
    name: 'webgpu',
    blockSize: undefined,
    trainingBatchNorm: false,
    fusedMatMul: false,
    logSoftmax: false,
    updatesInPlace: false,
    addsFewAtATime: true,
  },
};
