/** Optional features of an execution provider; lowerings choose their nodes by them. */
export interface Provider {
  /** Its name in ONNX Runtime. */
  readonly name: string;
  /** Channels of a block of the NCHWc layout (`com.microsoft.nchwc`) on this processor; undefined if it has none. */
  readonly blockSize: number | undefined;
  /** The training mode of BatchNormalization. */
  readonly trainingBatchNorm: boolean;
  /** `com.microsoft.FusedMatMul`. */
  readonly fusedMatMul: boolean;
  /** `com.microsoft.FusedConv`. */
  readonly fusedConv: boolean;
  readonly logSoftmax: boolean;
  /** Whether a variable's update may overwrite it, for which nodes are ordered. */
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
  fusedConv: false,
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
    fusedConv: true,
    logSoftmax: true,
    updatesInPlace: true,
    addsFewAtATime: false,
  },
  wasm: {
    name: 'wasm',
    blockSize: undefined,
    trainingBatchNorm: true,
    fusedMatMul: true,
    fusedConv: true,
    logSoftmax: true,
    updatesInPlace: false,
    addsFewAtATime: true,
  },
  webgpu: {
    name: 'webgpu',
    blockSize: undefined,
    trainingBatchNorm: false,
    fusedMatMul: false,
    fusedConv: false,
    logSoftmax: false,
    updatesInPlace: false,
    addsFewAtATime: true,
  },
};
