import type { DType, Shape, TensorData, TensorType } from './tensorType.js';

/** A pair of spatial sizes: [height, width]. */
export type Pair = readonly [number, number];

/** Parameters of activations: unary functions whose gradient has an operation of its own, {@link OpAttributes.unaryGrad}. */
export interface ActivationParameters {
  relu: Record<never, never>;
  hswish: Record<never, never>;
  hsigmoid: Record<never, never>;
  sigmoid: Record<never, never>;
  tanh: Record<never, never>;
  /** x·sigmoid(x). */
  silu: Record<never, never>;
  /** x·Φ(x), by the error function. */
  gelu: Record<never, never>;
  /** min(max(x, min), max); min < max. */
  clamp: { readonly min: number; readonly max: number };
  /** x where x > 0, else slope·x; 0 ≤ slope. */
  leakyRelu: { readonly slope: number };
}

/** Parameters of every function of one number. */
export interface UnaryParameters extends ActivationParameters {
  exp: Record<never, never>;
  log: Record<never, never>;
  sqrt: Record<never, never>;
  neg: Record<never, never>;
  abs: Record<never, never>;
}

/** Unary functions whose gradient has an operation of its own: {@link OpAttributes.unaryGrad}. */
export type ActivationFunction = keyof ActivationParameters;

/** Functions of one number, applied elementwise. */
export type UnaryFunction = keyof UnaryParameters;

/** A function of one number with its parameters, such as `{ fn: 'relu' }` or `{ fn: 'clamp', min: 0, max: 6 }`. */
export type Unary<F extends UnaryFunction = UnaryFunction> = {
  readonly [P in F]: { readonly fn: P } & UnaryParameters[P];
}[F];

/** A table with a function of the parameters for each unary function. */
export type UnaryTable<
  Arguments extends readonly unknown[],
  Result,
  F extends UnaryFunction = UnaryFunction,
> = {
  readonly [P in F]: (...args: [...Arguments, UnaryParameters[P]]) => Result;
};

/** Functions of two numbers, applied elementwise with broadcasting. */
export type BinaryFunction = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max';

/** Comparisons; the result is 1 where true and 0 elsewhere. */
export type Comparison = 'equal' | 'less' | 'greater' | 'greaterOrEqual';

/** Reductions. `variance` is unbiased: it divides by n − 1 (0 for n = 1). */
export type Reduction = 'sum' | 'mean' | 'min' | 'max' | 'variance';

/** How ranks combine their tensors, element by element. */
export type RankReduction = 'sum' | 'mean' | 'min' | 'max';

/** Geometry of a convolution. Padding is symmetric, [height, width]; dilation is the distance between kernel elements. */
export interface ConvGeometry {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

/** Geometry of a pooling window; as PyTorch's default, padding counts in an average, and is −∞ to a maximum. */
export interface PoolGeometry {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

/**
 * Every operation of a program, with its attributes. All rule tables (shapes, gradients, each engine's
 * lowering) are mapped types over this interface: an operation added here does not compile until each
 * of them handles it. N batch, C channels, H×W image; O output channels, G groups, K classes.
 */
export interface OpAttributes {
  /** A tensor of the batch, given at each run. () → any shape. */
  input: { readonly name: string; readonly shape: Shape; readonly dtype: DType };
  /** A tensor that lives in the engine: parameters, statistics, momentum. () → any shape. */
  variable: { readonly name: string; readonly shape: Shape; readonly dtype: DType };
  /** Fixed contents. () → any shape. */
  constant: { readonly shape: Shape; readonly dtype: DType; readonly data: TensorData };
  /** Uniform random numbers in [0, 1), filled by the host from (seed, stream, step): the same on every engine. */
  uniform: { readonly stream: string; readonly shape: Shape };

  /** x [N,C,H,W], weight [O,C/G,kh,kw], optional bias [O] → [N,O,H',W']. */
  conv2d: ConvGeometry;
  /** dy [N,O,H',W'], weight → gradient toward x, of `inputShape`. */
  conv2dInputGrad: ConvGeometry & { readonly inputShape: Shape };
  /** dy [N,O,H',W'], x [N,C,H,W] → gradient toward the weight, of `weightShape`. */
  conv2dWeightGrad: ConvGeometry & { readonly weightShape: Shape };
  /** a [M,K], b [K,N] (each optionally transposed first) → [M,N]. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };

  /** x [N,C,H,W], gamma [C], beta [C] → y, batch mean [C], biased batch variance [C]. */
  batchNormTrain: { readonly epsilon: number };
  /** dy, x, gamma, mean, variance (of batchNormTrain) → dx, dgamma [C], dbeta [C]. */
  batchNormTrainGrad: { readonly epsilon: number };
  /**
   * x, gamma, beta, mean, variance → y. `ranks`: the statistics are those of x on all of so many ranks together, so that a gradient
   * toward x includes its part in them; absent: they are given.
   */
  batchNormInference: { readonly epsilon: number; readonly ranks?: number | undefined };

  /** x → f(x), same shape. */
  unary: Unary;
  /**
   * dy, saved → dx. `saved` is y for relu, leakyRelu, clamp, sigmoid and tanh, x for the others. At kinks the
   * gradient is PyTorch's: 0 for relu, and for clamp at both bounds as for `relu6`. That of hswish at ±3 is version 1.13's,
   * −½ and 1½; its vector code gives 1 at 3, and version 2.11 gives 0 and 1.
   */
  unaryGrad: Unary<ActivationFunction>;
  /** a, b → f(a, b), broadcast. */
  binary: { readonly fn: BinaryFunction };
  /** a, b → 1 or 0 as f32, broadcast. */
  compare: { readonly fn: Comparison };
  /** condition (1 or 0), a, b → a where the condition is not 0, else b; all broadcast. */
  select: Record<never, never>;

  /** x → reduced over `axes`, which stay as 1 if `keepDims`. */
  reduce: { readonly fn: Reduction; readonly axes: readonly number[]; readonly keepDims: boolean };
  /** x → repeated to `shape` by broadcasting. */
  broadcastTo: { readonly shape: Shape };

  /** logits [N,K], labels i32 [N] → loss per data point [N], probabilities [N,K]. */
  softmaxCrossEntropy: { readonly labelSmoothing: number };
  /** dloss [N], probabilities [N,K], labels [N] → dlogits [N,K]. */
  softmaxCrossEntropyGrad: { readonly labelSmoothing: number };
  /** logits [N,K], targets [N,K] → loss per data point [N], probabilities [N,K]. */
  softTargetCrossEntropy: Record<never, never>;
  /** dloss [N], probabilities [N,K], targets [N,K] → dlogits [N,K]. */
  softTargetCrossEntropyGrad: Record<never, never>;
  /** labels i32 [N] → 1 at a data point's class, else 0, [N,K]. */
  oneHot: { readonly classes: number };

  /** x [N,C,H,W] → [N,C,H',W']. */
  avgPool2d: PoolGeometry;
  /** dy → dx of `inputShape`. */
  avgPool2dGrad: PoolGeometry & { readonly inputShape: Shape };
  /** x [N,C,H,W] → [N,C,H',W']. */
  maxPool2d: PoolGeometry;
  /** dy, x, y → dx: each window's gradient goes to its first maximum, row by row. */
  maxPool2dGrad: PoolGeometry;
  /** x [N,C,H,W] → [N,C,h,w]; window i covers floor(i·H/h) to ceil((i+1)·H/h), as PyTorch's. */
  adaptiveAvgPool2d: { readonly outputSize: Pair };
  /** dy [N,C,h,w] → dx of `inputShape`. */
  adaptiveAvgPool2dGrad: { readonly outputSize: Pair; readonly inputShape: Shape };

  /** Two or more tensors → joined along `axis`. */
  concat: { readonly axis: number };
  /** x → its part from `start` up to, not including, `end` along `axis`. */
  slice: { readonly axis: number; readonly start: number; readonly end: number };
  /** x → with `before` and `after` zeros along `axis`. */
  pad: { readonly axis: number; readonly before: number; readonly after: number };
  /** x → same elements in order, as `shape`. */
  reshape: { readonly shape: Shape };
  /** x → axes in the order of `permutation`, as NumPy's transpose. */
  transpose: { readonly permutation: readonly number[] };
  /** x → x, through which no gradient flows. */
  detach: Record<never, never>;
  /** x [N,C,H,W] → channel g·(C/G)+c moved to c·G+g (ShuffleNet, section 3.1). */
  channelShuffle: { readonly groups: number };

  /**
   * One or more tensors → the same shapes, each combined with its like on the other ranks of a training, element by element;
   * all ranks get the same bits. On a single rank the tensors themselves.
   */
  allReduce: { readonly fn: RankReduction };

  /**
   * parameter, gradient, momentum buffer, learning rate [] → parameter, momentum buffer; PyTorch's rule:
   * g ← g + λw; m ← μm + g; w ← w − η·(g + μm if Nesterov, else m).
   */
  sgdUpdate: { readonly momentum: number; readonly weightDecay: number; readonly nesterov: boolean };
  /**
   * parameter, gradient, first moment, second moment, learning rate [], bias corrections [] and [] → parameter and moments;
   * PyTorch's rule, see the function of this name.
   */
  adamwUpdate: {
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
  };
  /** parameter, gradient, mean squares, momentum buffer, learning rate [] → parameter, squares, buffer. */
  rmspropUpdate: {
    readonly alpha: number;
    readonly epsilon: number;
    readonly momentum: number;
    readonly weightDecay: number;
    /** TensorFlow's rule, as timm's RMSpropTF. */
    readonly tensorFlow: boolean;
  };
  /** average, value, share [] → average + share·(value − average). */
  averageUpdate: Record<never, never>;
  /** parameter, gradient, momentum buffer, learning rate [] → parameter, buffer. */
  lionUpdate: { readonly beta1: number; readonly beta2: number; readonly weightDecay: number };
}

/** Name of an operation. */
export type OpKind = keyof OpAttributes;

/** Shape rule of an operation: attributes and input types → output types; throws GraphError. */
export type ShapeRule<K extends OpKind> = (
  attributes: OpAttributes[K],
  inputs: readonly TensorType[],
) => TensorType[];

/** Shape rules of some operations. */
export type ShapeRules<K extends OpKind> = { readonly [P in K]: ShapeRule<P> };
