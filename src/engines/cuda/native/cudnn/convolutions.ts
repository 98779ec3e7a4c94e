import type { ConvolutionPointers, ConvolutionSpec, Prepared } from '../../device.js';
import type { Choices } from './choices.js';
import { type Cudnn, CudnnError } from './cudnn.js';
import { type EngineConfig, isAllowed, proposeConfigs } from './engineConfigs.js';
import { buildGraph, type OperationGraph } from './operationGraph.js';
import { ConvolutionPlan } from './plan.js';
import type { PlanTimer } from './planTimer.js';

/** How many of cuDNN's algorithms are tried. */
const MOST_CONFIGS = 10;
/** No further algorithm is prepared after so long; those that are compiled may take a second each. */
const PREPARING_MS = 3000;
/** An algorithm that needs more memory than this besides the tensors is not used. */
const WORKSPACE_LIMIT = 2 ** 30;

/** Prepares convolutions: has cuDNN propose algorithms, and takes the fastest on this device, or the one taken before. */
export class Convolutions {
  constructor(
    private readonly cudnn: Cudnn,
    private readonly timer: PlanTimer,
    private readonly choices: Choices,
  ) {}

  /** See {@link Device.convolution}. */
  prepare(spec: ConvolutionSpec): Prepared<ConvolutionPointers> | undefined {
    if (!hasKnownActivation(spec)) return undefined;
    let graph: OperationGraph | undefined;
    try {
      graph = buildGraph(this.cudnn, spec);
      const plan = this.keptPlan(spec, graph) ?? this.fastestPlan(spec, graph);
      if (plan !== undefined) return withGraph(plan, graph);
      graph.close();
      return undefined;
    } catch (error) {
      graph?.close();
      if (error instanceof CudnnError && mayBeUnsupported(spec, error)) return undefined;
      throw error;
    }
  }

  /** Every algorithm that could be used, with what it takes in milliseconds, the fastest first; for profiles. */
  compare(
    spec: ConvolutionSpec,
  ): { readonly config: EngineConfig; readonly workspaceBytes: number; readonly ms: number }[] {
    const graph = buildGraph(this.cudnn, spec);
    const plans = this.plans(this.configs(spec, graph));
    const times = this.timer.time(spec, plans) ?? [];
    const rows = plans.map((plan, index) => ({
      config: plan.config,
      workspaceBytes: plan.workspaceBytes,
      ms: times[index] ?? Number.NaN,
    }));
    for (const plan of plans) plan.close();
    graph.close();
    return rows.sort((a, b) => a.ms - b.ms);
  }

  /** The algorithm that was taken before, if it still works. */
  private keptPlan(spec: ConvolutionSpec, { graph }: OperationGraph): ConvolutionPlan | undefined {
    const name = this.choices.get(keyOf(spec));
    if (name === undefined) return undefined;
    const [plan] = this.plans(proposeConfigs(this.cudnn, graph, 1, (config) => config.name === name));
    if (plan !== undefined) this.timer.time(spec, [plan]);
    return plan;
  }

  private fastestPlan(spec: ConvolutionSpec, graph: OperationGraph): ConvolutionPlan | undefined {
    const plans = this.plans(this.configs(spec, graph));
    const times = this.timer.time(spec, plans);
    const best = times === undefined ? plans[0] : plans[times.indexOf(Math.min(...times))];
    for (const plan of plans) if (plan !== best) plan.close();
    if (best !== undefined && times !== undefined) this.choices.set(keyOf(spec), best.config.name);
    return best;
  }

  private configs(spec: ConvolutionSpec, { graph }: OperationGraph): EngineConfig[] {
    return proposeConfigs(this.cudnn, graph, MOST_CONFIGS, (config) => isAllowed(config, spec.arithmetic));
  }

  /** Those that work and keep to the limits, in their order. */
  private plans(configs: readonly EngineConfig[]): ConvolutionPlan[] {
    const plans: ConvolutionPlan[] = [];
    const start = performance.now();
    for (const config of configs) {
      const plan =
        plans.length > 0 && performance.now() - start > PREPARING_MS ? undefined : this.tryPlan(config);
      if (plan === undefined) config.descriptor.close();
      else if (plan.workspaceBytes > WORKSPACE_LIMIT) plan.close();
      else plans.push(plan);
    }
    return plans;
  }

  private tryPlan(config: EngineConfig): ConvolutionPlan | undefined {
    try {
      return new ConvolutionPlan(this.cudnn, config);
    } catch (error) {
      if (error instanceof CudnnError) return undefined;
      throw error;
    }
  }
}

/** The plan, which closes the graph with itself. */
function withGraph(plan: ConvolutionPlan, graph: OperationGraph): Prepared<ConvolutionPointers> {
  return {
    implementation: plan.implementation,
    workspaceBytes: plan.workspaceBytes,
    run: (pointers, workspace) => plan.run(pointers, workspace),
    close: () => {
      plan.close();
      graph.close();
    },
  };
}

/** What the choice of an algorithm depends on. */
function keyOf({ kind, image, filter, result, geometry, arithmetic, epilogue }: ConvolutionSpec): string {
  const { stride, padding, dilation, groups } = geometry;
  const tensors = [image, filter, result].map(({ type, shape, strides }) => [type, shape, strides]);
  const { bias, addend, activation } = epilogue ?? { bias: false, addend: false, activation: undefined };
  return JSON.stringify([
    ...[kind, arithmetic, tensors, [stride, padding, dilation, groups]],
    [bias, addend, activation?.fn],
  ]);
}

function hasKnownActivation({ epilogue }: ConvolutionSpec): boolean {
  return epilogue?.activation === undefined || epilogue.activation.fn === 'relu';
}

/** Whether an error means that cuDNN lacks it; it calls mixed types and some epilogues wrong instead of unsupported. */
function mayBeUnsupported({ image, filter, result, epilogue }: ConvolutionSpec, error: CudnnError): boolean {
  const isMixed = image.type !== filter.type || filter.type !== result.type;
  return error.isUnsupported || (error.isRefused && (isMixed || epilogue !== undefined));
}
