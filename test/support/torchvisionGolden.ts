import { readFileSync } from 'node:fs';

/** Greatest relative errors: one of each step's losses, else one altogether. */
interface Errors {
  readonly eval: number;
  readonly train: number;
  readonly gradients_l2: number;
  readonly gradients_first: number;
  readonly buffers: number;
  readonly losses: readonly number[];
  readonly parameters: number;
}

/** Numbers of a model of torchvision or timm in float64, as `bench/pytorch/torchvision_golden.py` writes them. */
export interface TorchvisionGolden {
  readonly model: string;
  /** The library's name of the model. */
  readonly torchvision?: string;
  readonly timm?: string;
  readonly image_size: number;
  readonly batch: number;
  readonly classes: number;
  /** Count, and SHA-256 of lines of names and shapes. */
  readonly state_dict: { readonly entries: number; readonly sha256: string };
  /** With 1000 classes. */
  readonly parameters: number;
  readonly eval: {
    readonly logits: readonly (readonly number[])[];
    readonly variance: readonly number[];
  };
  readonly train: {
    readonly logits: readonly (readonly number[])[];
    readonly features_shape: readonly number[];
    readonly cross_entropy: number;
    readonly bias_loss: number;
    /** L2 norm and first two values of each parameter's. */
    readonly gradients: readonly (readonly [l2: number, ...first: number[]])[];
    /** L2 norms of the running statistics after one step's forward pass. */
    readonly buffers_after: readonly number[];
  };
  readonly sgd: {
    readonly lr: number;
    readonly momentum: number;
    readonly weight_decay: number;
    /** Names of the steps' images. */
    readonly inputs: readonly string[];
    readonly loss: readonly number[];
    /** L2 norms. */
    readonly parameters_after: readonly number[];
  };
  readonly float32_error: Errors;
}

/** Models of torchvision's that have golden numbers and are quick to compute, of most families the smallest. */
export const smallTorchvisionModels = [
  'mobilenet_v3_small',
  'shufflenet_v2_x0_5',
  'squeezenet1_1',
  'mobilenet_v2',
  'mnasnet1_0',
  'efficientnet_b0',
] as const;

/** Those that take longer. */
export const largeTorchvisionModels = [
  'resnet18_224',
  'densenet121_224',
  'mobilenet_v3_large',
  'shufflenet_v2_x1_0',
  'shufflenet_v2_x1_5',
  'shufflenet_v2_x2_0',
  'resnet34_224',
  'resnet50_224',
] as const;

/** Every model of torchvision's that has golden numbers. */
export const torchvisionModels = [...smallTorchvisionModels, ...largeTorchvisionModels] as const;

/** Other sizes of models of timm that have golden numbers. */
export const timmSizes = [
  'efficientnet_lite1',
  'efficientnet_lite2',
  'efficientnet_lite3',
  'efficientnet_lite4',
  'tf_efficientnet_lite1',
  'tf_efficientnet_lite2',
  'tf_efficientnet_lite3',
  'tf_efficientnet_lite4',
  'lcnet_050',
  'lcnet_075',
] as const;

/** Models of timm that have golden numbers. */
export const timmModels = [
  ...timmSizes,
  'efficientnet_lite0',
  'tf_efficientnet_lite0',
  'mnasnet_100',
  'mobilenetv3_small_100',
  'mobilenetv3_large_100',
  'lcnet_100',
  'ghostnet_100',
  'repvgg_a0',
  'mobilenetv4_conv_small',
] as const;

/** The golden numbers of a model by its name. */
export function readTorchvisionGolden(model: string): TorchvisionGolden {
  const library = timmModels.some((name) => name === model) ? 'timm' : 'torchvision';
  const url = new URL(`../../../test/golden/${library}/${model}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as TorchvisionGolden;
}
