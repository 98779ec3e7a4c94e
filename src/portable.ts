/** What the library offers in Node.js and in pages alike. */

export type { AutoAugment } from './data/augment/autoAugment.js';
export type { Mixing } from './data/augment/mixing.js';
export { applyOperation, OPERATIONS, type OperationName } from './data/augment/operations.js';
export type { ImageTransforms, TrainingBatches, TrainingTransforms } from './data/augment/transforms.js';
export type { Batch, BatchSource, ByteBatch } from './data/batch.js';
export { makeGrey, normalisationFor, withChannels } from './data/channels.js';
export * from './data/dataset.js';
export type { ColourJitter } from './data/images/colourJitter.js';
export type { RgbImage } from './data/images/image.js';
export { type LabelledImage, type PixelSetOptions, pixelSet } from './data/images/pixelSet.js';
export { PixelBatches, type PixelBatchesOptions } from './data/pixelBatches.js';
export {
  type ExifHandling,
  type Interpolation,
  type Preprocessing,
  standardPreprocessing,
} from './data/preprocessing.js';
export { type SyntheticOptions, syntheticDataset } from './data/synthetic.js';
export type * from './engines/engine.js';
export { type ImageBytes, type InputData, imagesOfBytes, type NamedInputs } from './engines/imageBytes.js';
export type { ExportOptions } from './engines/onnx/exportModel.js';
export {
  ImageError,
  type NameOfSetting,
  type NoticeListener,
  SettingError,
  type SettingText,
  UsageError,
  UserError,
  WriteError,
  withKeys,
} from './errors.js';
export { parseSafetensors, type SafetensorsFile } from './formats/safetensors/parse.js';
export { serializeSafetensors } from './formats/safetensors/serialize.js';
export {
  castFloat,
  fromFloat32,
  fromInt64,
  type StoredDType,
  type StoredTensor,
  type StoredTensors,
  toFloat32,
  toFloat64,
  toInt64,
} from './formats/tensor.js';
export type { TorchExtra } from './formats/torch/extras.js';
export {
  readTorchCheckpoint,
  type TorchCheckpoint,
  type TorchReadOptions,
} from './formats/torch/readTorch.js';
export { type TorchLayout, writeTorchCheckpoint } from './formats/torch/writeTorch.js';
export { gradients } from './graph/autodiff.js';
export { Graph } from './graph/graph.js';
export type * from './graph/op.js';
export type {
  BatchNormResult,
  Conv2dOptions,
  MatmulOptions,
  Operand,
  Pool2dOptions,
  SgdSettings,
} from './graph/ops/all.js';
export * as ops from './graph/ops/all.js';
export type { Phase } from './graph/phase.js';
export type { AnyProgramNode, Program, ProgramNode } from './graph/program.js';
export type { Tensor } from './graph/tensor.js';
export * from './graph/tensorType.js';
export { verifyProgram } from './graph/verify.js';
export { type BiasLossOptions, biasLoss } from './losses/biasLoss.js';
export { crossEntropyLoss } from './losses/crossEntropy.js';
export type { Distillation } from './losses/distillation.js';
export type { TargetOptions } from './losses/imageLosses.js';
export type { Loss, LossInput, LossOutput, LossVariable } from './losses/loss.js';
export { type ClosestModel, closestModel } from './models/closestModel.js';
export { describeModel, type ModelDescription } from './models/describe.js';
export { type JoinedParts, Model, type ModelConfig, type ModelOutput } from './models/model.js';
export { type ModelKind, recogniseModel, type TensorShapes } from './models/recognise.js';
export { createModel, type ModelName, type ModelOptions, modelNames } from './models/registry.js';
export { skipblockNetVariants } from './models/skipblocknet.js';
export * from './nn/activations.js';
export * from './nn/layer.js';
export * from './nn/layers.js';
export * from './nn/module.js';
export * from './nn/parameter.js';
export * from './nn/pooling.js';
export * from './nn/sequential.js';
export { StochasticDepth } from './nn/stochasticDepth.js';
export { Trace } from './nn/trace.js';
export { type AdamwOptions, adamw } from './optim/adamw.js';
export { type LionOptions, lion } from './optim/lion.js';
export type {
  OptimizedParameter,
  Optimizer,
  OptimizerResult,
  OptimizerStep,
} from './optim/optimizer.js';
export { type RmspropOptions, rmsprop } from './optim/rmsprop.js';
export {
  cosine,
  exponential,
  multistep,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
} from './optim/schedule.js';
export { type SgdOptions, sgd } from './optim/sgd.js';
export type { WeightDecayOptions } from './optim/weightDecay.js';
export { type Calibration, type CalibrationBin, CalibrationMeter } from './train/calibration.js';
export type { CheckpointInfo, DataDescription, Progress } from './train/checkpointInfo.js';
export type { CheckpointKind, Checkpoints } from './train/checkpoints.js';
export {
  type ClassAverages,
  type ClassFigures,
  classAverages,
  classFigures,
  type FigureMeans,
} from './train/classFigures.js';
export {
  type ClassGuess,
  Classifier,
  type ClassifierDescription,
  type ClassifierOptions,
  mostProbable,
  type Predictions,
} from './train/classifier.js';
export { type ConfusedPair, Confusion } from './train/confusion.js';
export { accuracyOver, type EvaluateOptions, evaluate, type Predictor } from './train/evaluate.js';
export type { EpochResult, TrainerEvent, TrainerListener } from './train/events.js';
export {
  exportModelOnnx,
  exportSafetensors,
  exportTorch,
} from './train/exportWeights.js';
export { withFlips } from './train/flips.js';
export { Learner } from './train/learner.js';
export type { LearnerOptions, LearnerStep } from './train/learnerOptions.js';
export {
  type Checkpoint,
  checkpointBytes,
  learnerState,
  parseCheckpoint,
  restoreLearner,
} from './train/learnerState.js';
export type { Accuracy } from './train/metrics.js';
export { describeData, preprocessingOf } from './train/preprocessing.js';
export {
  type BackwardOptions,
  backwardProgram,
  clearGradientsProgram,
  type EvaluationOptions,
  type EvaluationOutputs,
  evaluationProgram,
  gradientName,
  type PassOptions,
  type TrainedParameter,
  trainedParameters,
  trainProgram,
  type UpdateOptions,
  updateProgram,
} from './train/programs.js';
export {
  type RatePoint,
  type RateSweepOptions,
  type SuggestedRates,
  suggestRates,
  sweepRates,
} from './train/rateSweep.js';
export type { LengthAfter, RunLength } from './train/runLength.js';
export type { StateDictTensors, StateTensor } from './train/stateDict.js';
export type { GradientResult, LabelledBatch, StartedStep, StepResult } from './train/stepResult.js';
export type { ThreadChange, ThreadControl, ThreadsSince } from './train/threads.js';
export { Trainer, type TrainerOutcome } from './train/trainer.js';
export type { TrainerOptions } from './train/trainerOptions.js';
export { parseWeights, type ReadWeightsOptions, type WeightsFile } from './train/weights.js';
