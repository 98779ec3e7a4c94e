import { gradients } from '../graph/autodiff.js';
import { Graph } from '../graph/graph.js';
import { add, less, mul } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { variance } from '../graph/ops/reduce.js';
import { flatten } from '../graph/ops/shape.js';
import type { Program } from '../graph/program.js';
import type { Tensor } from '../graph/tensor.js';
import type { Shape } from '../graph/tensorType.js';
import type { Loss, LossOutput } from '../losses/loss.js';
import type { Model, ModelOutput } from '../models/model.js';
import type { Parameter } from '../nn/parameter.js';
import { Trace } from '../nn/trace.js';
import { rescale } from '../optim/clip.js';
import { applyOptimizer, type Optimizer } from '../optim/optimizer.js';
import { AVERAGE_PREFIX, averageUpdates } from './averages.js';
import { overRanks, type RankOptions } from './overRanks.js';

/** Name of a parameter's gradient as an output, an input or a variable of a program. */
export function gradientName(parameter: string): string {
  return `gradient.${parameter}`;
}

/** A parameter that is trained. */
export interface TrainedParameter {
  readonly name: string;
  readonly shape: Shape;
}

/** Options of {@link trainProgram} and {@link updateProgram}. */
export interface UpdateOptions extends RankOptions {
  /**
   * Largest norm of all gradients together: a larger one is scaled down to it, as PyTorch's `clip_grad_norm_` does. The norm before
   * clipping is then the output `gradientNorm`. Default: none.
   */
  readonly clipNorm?: number | undefined;
  /** Decay of the moving average of the model's values that is kept beside them, as the variables `ema.NAME`. Default: none is. */
  readonly averageDecay?: number | undefined;
}

/**
 * The trained parameters of a model, in PyTorch's order.
 *
 * @param frozen names of entries that are not trained; default none
 */
export function trainedParameters(
  model: Model,
  frozen: ReadonlySet<string> = new Set(),
): (TrainedParameter & { readonly parameter: Parameter })[] {
  return model.stateEntries().filter(({ kind, name }) => kind === 'parameter' && !frozen.has(name));
}

/** Options of the programs that have a forward pass. */
export interface PassOptions extends RankOptions {
  /**
   * Whether the input `labels` holds distributions over the classes, f32 [N, classes], as mixup and cutmix make them, instead of
   * class numbers, i32 [N]. Default false.
   */
  readonly softTargets?: boolean | undefined;
  /** Names of state entries that stay as they are, batch statistics among them. Default: none. */
  readonly frozen?: ReadonlySet<string> | undefined;
}

type Gradients = ReadonlyMap<string, { readonly value: Tensor; readonly gradient: Tensor }>;

interface TrainingPass {
  readonly graph: Graph;
  readonly output: ModelOutput;
  readonly loss: LossOutput;
  /** Trained parameters by name, with their gradients. */
  readonly parameters: Gradients;
  /** New values of statistics and of the loss's variables. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Of these those of statistics. */
  readonly buffers: ReadonlyMap<string, Tensor>;
}

/**
 * Forward and backward pass in training mode; inputs `images` [N,C,H,W] and `labels`. On several ranks the loss and the new state are
 * those of all, and the gradients parts of a sum that {@link overRanks} makes.
 */
function trainingPass(
  model: Model,
  loss: Loss,
  batchSize: number,
  { softTargets = false, frozen, ranks = 1, syncBatchNorm = false }: PassOptions,
): TrainingPass {
  const graph = new Graph();
  const trace = new Trace(graph, model, true, { frozen, syncRanks: syncBatchNorm ? ranks : 1 });
  const output = model.forward(graph.input('images', model.imagesShape(batchSize)), trace);
  const labels = softTargets
    ? graph.input('labels', [batchSize, model.config.classes])
    : graph.input('labels', [batchSize], 'i32');
  const teacherLogits = loss.needsTeacher
    ? graph.input('teacherLogits', [batchSize, model.config.classes])
    : undefined;
  const result = loss.build(graph, { ...output, labels, teacherLogits });
  const trained = trainedParameters(model, frozen);
  const values = trained.map(({ parameter }) => trace.variable(parameter));
  const found = gradients(ranks > 1 ? mul(result.loss, 1 / ranks) : result.loss, values);
  const parameters = new Map(
    trained.map(({ name }, i) => [name, { value: values[i]!, gradient: found[i]! }]),
  );
  const statistics = overRanks([...trace.updates.values()], 'mean', ranks);
  const buffers = new Map([...trace.updates.keys()].map((name, i) => [name, statistics[i]!]));
  const state = new Map([...buffers, ...result.updates]);
  const [mean, crossEntropy] = overRanks([result.loss, result.crossEntropy], 'mean', ranks);
  const whole = { ...result, loss: mean!, crossEntropy: crossEntropy! };
  return { graph, output, loss: whole, parameters, state, buffers };
}

function figuresOf({ loss, output }: TrainingPass): Record<string, Tensor> {
  const figures = { loss: loss.loss, crossEntropy: loss.crossEntropy, logits: output.logits };
  const { weighting } = loss;
  return weighting
    ? { ...figures, featureVariance: weighting.variances, lossWeight: weighting.weights }
    : figures;
}

/** What an update needs besides its options. */
interface UpdatedState {
  /** New values of statistics, which are averaged with the parameters. */
  readonly buffers: ReadonlyMap<string, Tensor>;
  /** What gradients are multiplied by. */
  readonly scale?: Tensor | undefined;
}

/** Adds the optimiser's update: new values of variables, and further outputs of the program. */
function addUpdate(
  graph: Graph,
  optimizer: Optimizer,
  parameters: Gradients,
  { clipNorm, averageDecay, buffers, scale, ranks }: UpdateOptions & UpdatedState,
): { updates: Map<string, Tensor>; outputs: Record<string, Tensor> } {
  return graph.inPhase('update', () => {
    const parts = [...parameters.values()].map(({ gradient }) => gradient);
    const found = overRanks(parts, 'sum', ranks);
    const { gradients: scaled, norm } = rescale(found, { scale, maxNorm: clipNorm });
    const rescaled = [...parameters].map(
      ([name, { value }], i) => [name, { value, gradient: scaled[i]! }] as const,
    );
    const step = { learningRate: graph.input('learningRate', []), step: graph.input('step', []) };
    const updates = applyOptimizer(graph, optimizer, new Map(rescaled), step);
    if (averageDecay !== undefined) {
      const values = new Map([...parameters.keys()].map((name) => [name, updates.get(name)!] as const));
      const average = { decay: averageDecay, step: step.step };
      for (const [name, value] of averageUpdates(graph, new Map([...values, ...buffers]), average))
        updates.set(name, value);
    }
    return { updates, outputs: norm ? { gradientNorm: norm } : {} };
  });
}

/**
 * A training step: (variables, images, labels, learningRate, step) → updated parameters, statistics,
 * optimiser and loss state; outputs `loss`, `crossEntropy` (scalars) and `logits` [N, classes], and of a loss that weighs data
 * points `featureVariance` and `lossWeight` [N]. The scalar `step`, the number of
 * the update from 1, is an input if the optimiser uses it.
 */
export function trainProgram(
  model: Model,
  loss: Loss,
  optimizer: Optimizer,
  batchSize: number,
  options: UpdateOptions & PassOptions = {},
): Program {
  const pass = trainingPass(model, loss, batchSize, options);
  const { updates, outputs } = addUpdate(pass.graph, optimizer, pass.parameters, {
    ...options,
    buffers: pass.buffers,
  });
  for (const [name, value] of pass.state) updates.set(name, value);
  return pass.graph.program({ ...figuresOf(pass), ...outputs }, updates);
}

/** Options of {@link backwardProgram}. */
export interface BackwardOptions extends PassOptions {
  /**
   * Where gradients go: to the caller as the outputs `gradient.NAME` (`outputs`, default), or added to variables of these names,
   * which stay in the engine (`accumulate`).
   */
  readonly gradients?: 'outputs' | 'accumulate' | undefined;
  /** Whether statistics and the loss's variables get their new values. Default true. */
  readonly updateState?: boolean | undefined;
}

/**
 * A training step without the optimiser: (variables, images, labels) → the gradient of each parameter, updated statistics and
 * loss state; outputs `loss`, `crossEntropy`, `logits`, and `featureVariance` [N] if gradients are outputs. {@link
 * updateProgram} is the second half.
 */
export function backwardProgram(
  model: Model,
  loss: Loss,
  batchSize: number,
  { gradients: destination = 'outputs', updateState = true, ...options }: BackwardOptions = {},
): Program {
  const pass = trainingPass(model, loss, batchSize, options);
  const updates = new Map(updateState ? pass.state : []);
  const outputs = figuresOf(pass);
  if (destination === 'outputs') {
    outputs.featureVariance ??= variance(flatten(pass.output.features), [1]);
    const parts = [...pass.parameters.values()].map(({ gradient }) => gradient);
    const whole = overRanks(parts, 'sum', options.ranks);
    [...pass.parameters.keys()].forEach((name, i) => {
      outputs[gradientName(name)] = whole[i]!;
    });
    return pass.graph.program(outputs, updates);
  }
  pass.graph.inPhase('backward', () => {
    for (const [name, { gradient }] of pass.parameters) {
      const before = pass.graph.variable(gradientName(name), gradient.shape);
      updates.set(gradientName(name), add(before, gradient));
    }
  });
  return pass.graph.program(outputs, updates);
}

/**
 * The rest of a training step: (variables, gradients, gradientScale, learningRate, step) → updated parameters and optimiser state.
 * Gradients are first multiplied by the scalar `gradientScale`: 1/n makes the mean of the sum over n batches.
 *
 * @param options gradients: whether they are the inputs `gradient.NAME` (`inputs`, default) or the variables of these names that
 *   {@link backwardProgram} has added them to (`accumulated`)
 */
export function updateProgram(
  optimizer: Optimizer,
  parameters: readonly TrainedParameter[],
  options: UpdateOptions & {
    readonly gradients?: 'inputs' | 'accumulated' | undefined;
    /** Statistics that are averaged with the parameters. Default: none. */
    readonly buffers?: readonly TrainedParameter[] | undefined;
  } = {},
): Program {
  const graph = new Graph();
  const source = options.gradients === 'accumulated' ? 'variable' : 'input';
  const gradientsOf = parameters.map(({ name, shape }) => {
    const gradient = graph[source](gradientName(name), shape);
    return [name, { value: graph.variable(name, shape), gradient }] as const;
  });
  const scale = graph.input('gradientScale', []);
  const buffers = new Map(
    (options.buffers ?? []).map(({ name, shape }) => [name, graph.variable(name, shape)] as const),
  );
  const { updates, outputs } = addUpdate(graph, optimizer, new Map(gradientsOf), {
    ...options,
    buffers,
    scale,
  });
  return graph.program(outputs, updates);
}

/** Resets the variables that gradients are added to to zero, even from NaN: not even NaN is less than itself. */
export function clearGradientsProgram(parameters: readonly TrainedParameter[]): Program {
  const graph = new Graph();
  const zeros = parameters.map(({ name, shape }) => {
    const sum = graph.variable(gradientName(name), shape);
    return [gradientName(name), graph.inPhase('update', () => less(sum, sum))] as const;
  });
  return graph.program({}, new Map(zeros));
}

/** What {@link evaluationProgram} returns besides the logits. */
export interface EvaluationOutputs {
  /** Also the features, as `features`. */
  readonly features?: boolean | undefined;
  /** Also the mean of each channel of the features [N, C], as `pooled`. */
  readonly pooled?: boolean | undefined;
  /** Also the variance of each image's features [N], as `featureVariance`. */
  readonly featureVariance?: boolean | undefined;
}

/** Options of {@link evaluationProgram}. */
export interface EvaluationOptions extends EvaluationOutputs {
  /** Whether the values are the averaged ones, the variables `ema.NAME`. Default false. */
  readonly averaged?: boolean | undefined;
}

/** The model in evaluation mode: images → `logits` [N, classes], and what `also` asks for. */
export function evaluationProgram(model: Model, batchSize: number, also: EvaluationOptions = {}): Program {
  const graph = new Graph();
  const images = graph.input('images', model.imagesShape(batchSize));
  const { logits, features } = model.forward(
    images,
    new Trace(graph, model, false, { prefix: also.averaged ? AVERAGE_PREFIX : '' }),
  );
  const outputs: Record<string, Tensor> = { logits };
  if (also.features) outputs.features = features;
  if (also.pooled) outputs.pooled = flatten(globalAvgPool2d(features));
  if (also.featureVariance) outputs.featureVariance = variance(flatten(features), [1]);
  return graph.program(outputs);
}
