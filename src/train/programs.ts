import { gradients } from '../graph/autodiff.js';
import { Graph } from '../graph/graph.js';
import { variance } from '../graph/ops/reduce.js';
import { flatten } from '../graph/ops/shape.js';
import type { Program } from '../graph/program.js';
import type { Tensor } from '../graph/tensor.js';
import type { Loss, LossOutput } from '../losses/loss.js';
import type { Model, ModelOutput } from '../models/model.js';
import { Trace } from '../nn/trace.js';
import type { Optimizer } from '../optim/sgd.js';

/** Prefix of the outputs of {@link gradientProgram} that hold gradients. */
export const GRADIENT_PREFIX = 'gradient.';

interface TrainingPass {
  readonly graph: Graph;
  readonly trace: Trace;
  readonly output: ModelOutput;
  readonly loss: LossOutput;
  /** Trained parameters by name, with their gradients. */
  readonly parameters: Map<string, { value: Tensor; gradient: Tensor }>;
}

/** Forward and backward pass in training mode; inputs `images` [N,3,H,W] and `labels` i32 [N]. */
function trainingPass(model: Model, loss: Loss, batchSize: number): TrainingPass {
  const graph = new Graph();
  const trace = new Trace(graph, model, true);
  const { imageSize } = model.config;
  const output = model.forward(graph.input('images', [batchSize, 3, imageSize, imageSize]), trace);
  const labels = graph.input('labels', [batchSize], 'i32');
  const result = loss.build(graph, { ...output, labels });
  const trained = model.stateEntries().filter(({ kind }) => kind === 'parameter');
  const values = trained.map(({ parameter }) => trace.variable(parameter));
  const found = gradients(result.loss, values);
  const parameters = new Map(
    trained.map(({ name }, i) => [name, { value: values[i]!, gradient: found[i]! }]),
  );
  return { graph, trace, output, loss: result, parameters };
}

/**
 * A training step: (variables, images, labels, learningRate) → updated parameters, statistics,
 * optimiser and loss state; outputs `loss`, `crossEntropy` (scalars) and `logits` [N, classes].
 */
export function trainProgram(model: Model, loss: Loss, optimizer: Optimizer, batchSize: number): Program {
  const pass = trainingPass(model, loss, batchSize);
  const updates = optimizer.build(pass.graph, pass.parameters, pass.graph.input('learningRate', []));
  for (const [name, value] of [...pass.trace.updates, ...pass.loss.updates]) updates.set(name, value);
  const outputs = { loss: pass.loss.loss, crossEntropy: pass.loss.crossEntropy, logits: pass.output.logits };
  return pass.graph.program(outputs, updates);
}

/**
 * The gradients of one batch, without an update: outputs `loss`, `crossEntropy`, `logits`,
 * `featureVariance` [N] and, for each parameter, its gradient under `gradient.NAME`.
 */
export function gradientProgram(model: Model, loss: Loss, batchSize: number): Program {
  const { graph, output, loss: result, parameters } = trainingPass(model, loss, batchSize);
  const outputs: Record<string, Tensor> = {
    loss: result.loss,
    crossEntropy: result.crossEntropy,
    logits: output.logits,
    featureVariance: variance(flatten(output.features), [1]),
  };
  for (const [name, { gradient }] of parameters) outputs[GRADIENT_PREFIX + name] = gradient;
  return graph.program(outputs);
}

/** What {@link evaluationProgram} returns besides the logits. */
export interface EvaluationOutputs {
  /** Also the features, as `features`. */
  readonly features?: boolean | undefined;
  /** Also the variance of each data point's features [N], as `featureVariance`. */
  readonly featureVariance?: boolean | undefined;
}

/** The model in evaluation mode: images → `logits` [N, classes], and what `also` asks for. */
export function evaluationProgram(model: Model, batchSize: number, also: EvaluationOutputs = {}): Program {
  const graph = new Graph();
  const { imageSize } = model.config;
  const images = graph.input('images', [batchSize, 3, imageSize, imageSize]);
  const { logits, features } = model.forward(images, new Trace(graph, model, false));
  const outputs: Record<string, Tensor> = { logits };
  if (also.features) outputs.features = features;
  if (also.featureVariance) outputs.featureVariance = variance(flatten(features), [1]);
  return graph.program(outputs);
}
