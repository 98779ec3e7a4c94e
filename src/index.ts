/**
 * Train, evaluate and ship compact image classifiers from TypeScript.
 *
 * @packageDocumentation
 */

export { type CheckDataOptions, checkData, type DataCheck } from './data/check/checkData.js';
export type { DataReport } from './data/check/report.js';
export { type CifarOptions, loadCifar } from './data/cifar/cifar.js';
export type { CifarName } from './data/cifar/facts.js';
export { type CifarDownloadOptions, downloadCifar } from './data/cifar/official.js';
export * from './data/dataset.js';
export { type ClassMap, parseClassMap, readClassMap } from './data/folders/classMap.js';
export { type ImageFolderOptions, imageFolder } from './data/folders/imageFolder.js';
export { type ImageFoldersOptions, loadImageFolders } from './data/folders/imageFolderPair.js';
export type { LeftOut, LeftOutReason } from './data/folders/leftOut.js';
export type { PartName } from './data/folders/partNames.js';
export { type HoldOutOptions, holdOut, type ImageDatasetPair } from './data/folders/splits.js';
export type { ImageParts, SplitOptions } from './data/imageParts.js';
export type { ColourJitter } from './data/images/colourJitter.js';
export { type ReadImagesOptions, readImages } from './data/images/readImages.js';
export { type Batch, Loader, type LoaderOptions } from './data/loader.js';
export type { PixelAugmentation } from './data/pixelTransforms.js';
export { type ExifHandling, type Preprocessing, standardPreprocessing } from './data/preprocessing.js';
export { type DataSummary, type PartSummary, summaryLines } from './data/summary.js';
export { type SyntheticOptions, syntheticDataset } from './data/synthetic.js';
export { findShards } from './data/webdataset/shards.js';
export { type WebDatasetOptions, webDataset } from './data/webdataset/webDataset.js';
export { loadWebDatasets, type WebDatasetsOptions } from './data/webdataset/webDatasetPair.js';
export * from './engines/createEngine.js';
export type * from './engines/engine.js';
export type { ExportOptions } from './engines/onnx/exportModel.js';
export { type NameOfSetting, SettingError, UsageError, UserError, WriteError } from './errors.js';
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
export { EventWriter } from './formats/tensorboard/eventWriter.js';
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
export { type BatchNormResult, batchNormInference, batchNormTrain } from './graph/ops/batchNorm.js';
export { type Conv2dOptions, conv2d } from './graph/ops/conv.js';
export { softmaxCrossEntropy } from './graph/ops/crossEntropy.js';
export * as elementwise from './graph/ops/elementwise.js';
export { type MatmulOptions, matmul } from './graph/ops/matmul.js';
export {
  adaptiveAvgPool2d,
  avgPool2d,
  globalAvgPool2d,
  maxPool2d,
  type Pool2dOptions,
} from './graph/ops/pooling.js';
export { amax, amin, broadcastTo, mean, sum, variance } from './graph/ops/reduce.js';
export { type SgdSettings, sgdUpdate } from './graph/ops/sgd.js';
export {
  channelShuffle,
  concat,
  detach,
  flatten,
  pad,
  reshape,
  slice,
  transpose,
} from './graph/ops/shape.js';
export type { Phase } from './graph/phase.js';
export type { AnyProgramNode, Program, ProgramNode } from './graph/program.js';
export type { Tensor } from './graph/tensor.js';
export * from './graph/tensorType.js';
export { verifyProgram } from './graph/verify.js';
export { type BiasLossOptions, biasLoss } from './losses/biasLoss.js';
export { crossEntropyLoss } from './losses/crossEntropy.js';
export type { Loss, LossInput, LossOutput, LossVariable } from './losses/loss.js';
export { describeModel, type ModelDescription } from './models/describe.js';
export { Model, type ModelConfig, type ModelOutput } from './models/model.js';
export { type ModelKind, recogniseModel } from './models/recognise.js';
export { createModel, type ModelName, type ModelOptions, modelNames } from './models/registry.js';
export { skipblockNetVariants } from './models/skipblocknet.js';
export * from './nn/activations.js';
export * from './nn/layer.js';
export * from './nn/layers.js';
export * from './nn/module.js';
export * from './nn/parameter.js';
export * from './nn/pooling.js';
export * from './nn/sequential.js';
export { Trace } from './nn/trace.js';
export type {
  OptimizedParameter,
  Optimizer,
  OptimizerResult,
  OptimizerStep,
} from './optim/optimizer.js';
export { cosine, multistep, type Schedule } from './optim/schedule.js';
export { type SgdOptions, sgd } from './optim/sgd.js';
export { flameSvg } from './profile/flameSvg.js';
export {
  type ProfileMode,
  type ProfileOptions,
  profileStep,
  type StepProfile,
} from './profile/profileStep.js';
export type { Bound } from './profile/roofline.js';
export {
  type PhaseTotals,
  type ProfiledPrimitive,
  type ProfileGroup,
  type ProfileSummary,
  type ProfileTotals,
  summarise,
} from './profile/summary.js';
export { type Checkpoint, readCheckpoint, restoreLearner, saveCheckpoint } from './runs/checkpoint.js';
export {
  exportModelOnnx,
  exportSafetensors,
  exportTorch,
} from './runs/exportWeights.js';
export type { DataChoice } from './runs/loadData.js';
export { loadData } from './runs/loadData.js';
export { type Metrics, readMetrics } from './runs/metricsFile.js';
export { type OpenRun, openRun, type RunRequest } from './runs/openRun.js';
export { loadPretrained, type PretrainedOptions } from './runs/pretrained.js';
export { type CheckpointPolicy, RunCheckpoints } from './runs/runCheckpoints.js';
export type { RunEvent, RunListener } from './runs/runEvents.js';
export type { RunFolder } from './runs/runFolder.js';
export { RECIPES } from './runs/settings/recipes.js';
export type { Check, Setting, SettingsOf } from './runs/settings/setting.js';
export { SETTINGS, TRAIN_DEFAULTS } from './runs/settings/table.js';
export { type StartedRun, type StartOptions, startRun } from './runs/startRun.js';
export type { TrainConfig } from './runs/trainConfig.js';
export { prepareTraining, type TrainingRun, type TrainingRunOptions } from './runs/trainingRun.js';
export { type ReadWeightsOptions, readWeights, type WeightsFile } from './runs/weights.js';
export {
  describeWeights,
  type GivenDescription,
  type WeightsDescription,
} from './runs/weightsDescription.js';
export type { CheckpointInfo, DataDescription, Progress } from './train/checkpointInfo.js';
export type { CheckpointKind, Checkpoints } from './train/checkpoints.js';
export { type ClassAccuracy, type ConfusedPair, Confusion } from './train/confusion.js';
export { type EvaluateOptions, evaluate } from './train/evaluate.js';
export type { EpochResult, TrainerEvent, TrainerListener } from './train/events.js';
export { Learner, type LearnerOptions } from './train/learner.js';
export type { Accuracy } from './train/metrics.js';
export { describeData, preprocessingOf } from './train/preprocessing.js';
export {
  type BackwardOptions,
  backwardProgram,
  clearGradientsProgram,
  type EvaluationOutputs,
  evaluationProgram,
  gradientName,
  type TrainedParameter,
  trainedParameters,
  trainProgram,
  type UpdateOptions,
  updateProgram,
} from './train/programs.js';
export type { StateDictTensors, StateTensor } from './train/stateDict.js';
export type { GradientResult, LabelledBatch, StepResult } from './train/stepResult.js';
export { Trainer, type TrainerOptions, type TrainerOutcome } from './train/trainer.js';
