/**
 * Train, evaluate and ship compact image classifiers from TypeScript.
 *
 * @packageDocumentation
 */

export type { CachePlace } from './data/cache/cachePlace.js';
export { ImageStore, type StoreHandle, type StoreOptions } from './data/cache/imageStore.js';
export { type CheckDataOptions, checkData, type DataCheck } from './data/check/checkData.js';
export type { DataReport } from './data/check/report.js';
export { type CifarOptions, loadCifar } from './data/cifar/cifar.js';
export type { CifarName } from './data/cifar/facts.js';
export { type CifarDownloadOptions, downloadCifar } from './data/cifar/official.js';
export { type ClassMap, parseClassMap, readClassMap } from './data/folders/classMap.js';
export { type ImageFolderOptions, imageFolder } from './data/folders/imageFolder.js';
export { type ImageFoldersOptions, loadImageFolders } from './data/folders/imageFolderPair.js';
export type { LeftOut, LeftOutReason } from './data/folders/leftOut.js';
export type { PartName } from './data/folders/partNames.js';
export { type HoldOutOptions, holdOut, type ImageDatasetPair } from './data/folders/splits.js';
export { type ReadImagesOptions, readImages } from './data/images/readImages.js';
export { Loader, type LoaderOptions } from './data/loader.js';
export type { ImageParts, SplitOptions } from './data/parts/imageParts.js';
export { type DataSummary, type PartSummary, summaryLines } from './data/parts/summary.js';
export type { Patience } from './data/remote/readRange.js';
export type { RemoteOptions } from './data/webdataset/openShards.js';
export type { BadSample } from './data/webdataset/shardIndex.js';
export { findShards } from './data/webdataset/shards.js';
export { type WebDatasetOptions, webDataset } from './data/webdataset/webDataset.js';
export { loadWebDatasets, type WebDatasetsOptions } from './data/webdataset/webDatasetPair.js';
export {
  type Network,
  reductionSeconds,
  type StepCost,
  type StepWork,
  stepCost,
} from './distributed/stepCost.js';
export * from './engines/createEngine.js';
export type { LoadMeter } from './engines/host/loadMeter.js';
export type { Fidelity } from './engines/onnx/node/int8/fidelity.js';
export {
  type Int8Model,
  type QuantizeOptions,
  quantizeOnnx,
} from './engines/onnx/node/int8/quantizeOnnx.js';
export type { ClassifierInput } from './formats/onnx/classifierInput.js';
export { EventWriter } from './formats/tensorboard/eventWriter.js';
export { knownWeights } from './models/knownWeights.js';
export * from './portable.js';
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
export { readCheckpoint, saveCheckpoint } from './runs/checkpoint.js';
export { localWeights } from './runs/hub/localWeights.js';
export {
  type LoadClassifierOptions,
  type LoadedClassifier,
  loadClassifier,
} from './runs/loadClassifier.js';
export type { DataChoice } from './runs/loadData.js';
export { loadData } from './runs/loadData.js';
export { type Metrics, readMetrics } from './runs/metricsFile.js';
export { type OpenRun, openRun, type RunRequest } from './runs/openRun.js';
export type { Pace } from './runs/pace.js';
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
export { readWeights } from './runs/weights.js';
export {
  describeWeights,
  type GivenDescription,
  type WeightsDescription,
} from './runs/weightsDescription.js';
export type { PublishedDescription } from './train/publishedWeights.js';
