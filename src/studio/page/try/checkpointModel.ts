import type { ModelInput } from '../../../data/images/modelInput.js';
import type { Engine, Variables } from '../../../engines/engine.js';
import { createWebEngine } from '../../../engines/onnx/web/createWebEngine.js';
import { UserError } from '../../../errors.js';
import type { Model } from '../../../models/model.js';
import { createModel } from '../../../models/registry.js';
import { gradCamProgram } from '../../../report/analysis/gradCam.js';
import type { CheckpointInfo } from '../../../train/checkpointInfo.js';
import { Classifier } from '../../../train/classifier.js';
import { exportModelOnnx } from '../../../train/exportWeights.js';
import { describeData, preprocessingOf } from '../../../train/preprocessing.js';
import { checkStateDict, floatsOf, type StateDictTensors } from '../../../train/stateDict.js';
import { parseWeights } from '../../../train/weights.js';
import { aboutModel, type ModelAbout } from '../../modelAbout.js';
import type { HeatMap, ImageModel } from './imageModel.js';
import { runtimeFiles } from './runtime.js';

/** A model with its values, from a checkpoint's bytes. */
export interface OpenCheckpoint {
  readonly model: Model;
  readonly tensors: StateDictTensors;
  readonly info: CheckpointInfo;
}

/**
 * The model in the bytes of a checkpoint of this library.
 *
 * @param name what messages call the file
 * @throws UserError when it is damaged, or does not describe its model
 */
export function readModel(bytes: Uint8Array, name: string): OpenCheckpoint {
  const { tensors, info } = parseWeights(bytes, name);
  if (!info) throw new UserError(`${name} does not describe its model: take a checkpoint of biasloss`);
  const model = createModel(info.model);
  checkStateDict(tensors, model.stateEntries(), false);
  return { model, tensors, info };
}

/** Describes a checkpoint's model. */
export function aboutOf({ model, tensors, info }: OpenCheckpoint): ModelAbout {
  return aboutModel(model, tensors, describeData(info.data.classes, preprocessingOf(info)));
}

/**
 * Opens a checkpoint's model on an engine of its own.
 *
 * @throws UserError when the file cannot be used, or the engine does not start
 */
export async function openCheckpointModel(bytes: Uint8Array, name: string): Promise<ImageModel> {
  const opened = readModel(bytes, name);
  const about = aboutOf(opened);
  const engine = await createWebEngine({ wasmPaths: runtimeFiles() });
  try {
    const variables = await variablesOf(engine, opened);
    const { model, info } = opened;
    const classifier = await Classifier.ofVariables({ engine, model, variables });
    const labels = { ...preprocessingOf(info), classes: info.data.classes, input: 'float32' as const };
    // The first run takes longer than the others.
    await classifier.predict(new Float32Array(model.channels * labels.imageSize ** 2));
    return {
      ...{ about, labels },
      logitsOf: async (input) => (await classifier.predict(floatsOfInput(input))).logits,
      onnx: (numbers) => onnxOf(opened, numbers === 'f16'),
      heatOf: heatOn(engine, model, variables),
      close: () => engine.close(),
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

function onnxOf({ model, tensors, info }: OpenCheckpoint, f16: boolean): Uint8Array {
  const data = describeData(info.data.classes, preprocessingOf(info));
  return exportModelOnnx(model, tensors, { ...data, f16 });
}

async function variablesOf(engine: Engine, { model, tensors }: OpenCheckpoint): Promise<Variables> {
  const entries = model.stateEntries().filter(({ kind }) => kind !== 'counter');
  const variables = await engine.variables(entries);
  await variables.write(new Map(entries.map(({ name }) => [name, floatsOf(tensors.get(name)!)])));
  return variables;
}

/** Grad-CAM, whose program is compiled when it is first needed. */
function heatOn(engine: Engine, model: Model, variables: Variables) {
  const program = gradCamProgram(model, 1);
  const [, height, width] = program.values[program.outputs.heat!]!.shape as [number, number, number];
  let compiled: ReturnType<Engine['compile']> | undefined;
  return async (input: ModelInput, label: number): Promise<HeatMap> => {
    compiled ??= engine.compile(program, { variables });
    const chosen = new Float32Array(model.config.classes);
    chosen[label] = 1;
    const { heat } = await (await compiled).run({ images: floatsOfInput(input), chosen });
    return { heat: heat as Float32Array, height, width };
  };
}

function floatsOfInput({ data, type }: ModelInput): Float32Array {
  if (type === 'float32') return data;
  throw new Error('the image was not normalised');
}
