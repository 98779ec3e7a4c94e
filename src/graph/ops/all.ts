/** Every operation under its public name: `ops.relu`, `ops.conv2d`. */
export { adamwUpdate, lionUpdate, rmspropUpdate } from './adaptive.js';
export { averageUpdate } from './average.js';
export { type BatchNormResult, batchNormInference, batchNormTrain } from './batchNorm.js';
export { type Conv2dOptions, conv2d } from './conv.js';
export { softmaxCrossEntropy } from './crossEntropy.js';
export {
  abs,
  add,
  clamp,
  div,
  equal,
  exp,
  gelu,
  greater,
  greaterOrEqual,
  hsigmoid,
  hswish,
  leakyRelu,
  less,
  log,
  logSigmoid,
  maximum,
  minimum,
  mul,
  neg,
  type Operand,
  relu,
  relu6,
  select,
  sigmoid,
  silu,
  sqrt,
  sub,
  tanh,
} from './elementwise.js';
export { type MatmulOptions, matmul } from './matmul.js';
export { adaptiveAvgPool2d, avgPool2d, globalAvgPool2d, maxPool2d, type Pool2dOptions } from './pooling.js';
export { amax, amin, broadcastTo, mean, sum, sumTo, variance } from './reduce.js';
export { type SgdSettings, sgdUpdate } from './sgd.js';
export { channelShuffle, concat, detach, flatten, pad, reshape, slice, transpose } from './shape.js';
export { oneHot, softTargetCrossEntropy } from './softTargets.js';
