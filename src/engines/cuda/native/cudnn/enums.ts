/** Numbers of cuDNN 9's `cudnn_graph.h`. */

/** `cudnnBackendAttributeType_t` */
export const TYPE = {
  handle: 0,
  dataType: 1,
  boolean: 2,
  int64: 3,
  float: 4,
  double: 5,
  pointer: 6,
  convolutionMode: 7,
  heuristicMode: 8,
  knobType: 9,
  numericalNote: 11,
  pointwiseMode: 14,
  descriptor: 15,
  behaviorNote: 19,
} as const;

/** `cudnnBackendDescriptorType_t` */
export const DESCRIPTOR = {
  pointwise: 0,
  convolution: 1,
  engine: 2,
  engineConfig: 3,
  heuristic: 4,
  plan: 5,
  knobChoice: 7,
  pointwiseOperation: 13,
  graph: 15,
  variantPack: 16,
  tensor: 17,
} as const;

/** `cudnnBackendAttributeName_t` */
export const ATTRIBUTE = {
  pointwiseMode: 0,
  pointwisePrecision: 1,
  convolutionType: 100,
  convolutionMode: 101,
  convolutionDilations: 102,
  convolutionStrides: 103,
  convolutionPostPaddings: 104,
  convolutionPrePaddings: 105,
  convolutionSpatialDims: 106,
  heuristicMode: 200,
  heuristicGraph: 201,
  heuristicResults: 202,
  configEngine: 300,
  configKnobs: 302,
  planHandle: 400,
  planConfig: 401,
  planWorkspace: 402,
  knobType: 600,
  knobValue: 601,
  pointwiseDescriptor: 750,
  pointwiseX: 751,
  pointwiseB: 752,
  pointwiseY: 753,
  graphHandle: 800,
  graphOperations: 801,
  tensorAlignment: 900,
  tensorType: 901,
  tensorDimensions: 902,
  tensorStrides: 903,
  tensorId: 906,
  tensorIsVirtual: 907,
  packIds: 1000,
  packPointers: 1001,
  packWorkspace: 1003,
  engineIndex: 1301,
  engineNumericalNotes: 1303,
  engineBehaviorNotes: 1305,
} as const;

/** Descriptors of the convolutions' operations and their attributes, by kind. */
export const CONVOLUTION = {
  forward: { type: 10, alpha: 700, beta: 701, convolution: 702, filter: 703, image: 704, result: 705 },
  inputGrad: { type: 12, alpha: 706, beta: 707, convolution: 708, filter: 709, image: 710, result: 711 },
  weightGrad: { type: 11, alpha: 712, beta: 713, convolution: 714, filter: 715, image: 716, result: 717 },
} as const;

/** `cudnnDataType_t` */
export const DATA_TYPE = { f32: 0, bf16: 9, i32: 4 } as const;

/** `cudnnPointwiseMode_t` */
export const POINTWISE = { add: 0, relu: 100 } as const;

/** `CUDNN_CROSS_CORRELATION` */
export const CROSS_CORRELATION = 1;

/** `cudnnBackendHeurMode_t` */
export const HEURISTIC = { b: 1, fallback: 2, a: 3 } as const;

/** `cudnnBackendNumericalNote_t` */
export const NOTE = {
  tensorCore: 0,
  downConvertInputs: 1,
  reducedPrecisionReduction: 2,
  fft: 3,
  nondeterministic: 4,
  winograd: 5,
  winograd4x4: 6,
  winograd6x6: 7,
  winograd13x13: 8,
} as const;

/** `cudnnBackendBehaviorNote_t` */
export const BEHAVIOR = { runtimeCompilation: 0 } as const;

/** How many notes and knobs there can be. */
export const MOST = { numericalNotes: 10, behaviorNotes: 5, knobs: 43 } as const;
