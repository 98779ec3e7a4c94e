import type { ConvolutionPointers, ConvolutionSpec } from '../../device.js';
import { type Candidate, freedTogether } from '../algorithms/candidate.js';
import { type Cudnn, CudnnError } from './cudnn.js';
import { type EngineConfig, isAllowed, proposeConfigs } from './engineConfigs.js';
import { buildGraph, type OperationGraph } from './operationGraph.js';
import { ConvolutionPlan, implementationOf } from './plan.js';

/** How many of cuDNN's algorithms are tried. */
const MOST_CONFIGS = 10;
/** Of those with an epilogue, which cuDNN compiles for a quarter of a second each. */
const MOST_FUSED = 3;
/** After so long no further algorithm is prepared that is compiled, which may take a second for each. */
const PREPARING_MS = 3000;
/** An algorithm that needs more memory than this besides the tensors is not used. */
const WORKSPACE_LIMIT = 2 ** 30;

/**
 * cuDNN's algorithms for a convolution, the one first that it holds for the fastest; none where it has none, such as for an epilogue
 * that it cannot compute.
 *
 * @param only see {@link Candidate.implementation}: the one that is wanted
 */
export function proposeConvolutions(
  cudnn: Cudnn,
  spec: ConvolutionSpec,
  only?: string,
): Candidate<ConvolutionPointers>[] {
  let graph: OperationGraph | undefined;
  try {
    const built = buildGraph(cudnn, spec);
    graph = built;
    return freedTogether(plans(cudnn, proposed(cudnn, spec, built, only)), () => built.close());
  } catch (error) {
    graph?.close();
    if (error instanceof CudnnError && mayBeUnsupported(spec, error)) return [];
    throw error;
  }
}

function proposed(
  cudnn: Cudnn,
  { arithmetic, epilogue }: ConvolutionSpec,
  { graph }: OperationGraph,
  only: string | undefined,
): EngineConfig[] {
  if (only === undefined)
    return proposeConfigs(cudnn, graph, epilogue ? MOST_FUSED : MOST_CONFIGS, (config) =>
      isAllowed(config, arithmetic),
    );
  return proposeConfigs(cudnn, graph, 1, (config) => implementationOf(config) === only);
}

/** Those that work and keep to the limits, in their order. */
function plans(cudnn: Cudnn, configs: readonly EngineConfig[]): ConvolutionPlan[] {
  const made: ConvolutionPlan[] = [];
  const start = performance.now();
  for (const config of configs) {
    const isLate = made.length > 0 && performance.now() - start > PREPARING_MS;
    const plan = isLate && config.isCompiled ? undefined : tryPlan(cudnn, config);
    if (plan === undefined) config.descriptor.close();
    else if (plan.workspaceBytes > WORKSPACE_LIMIT) plan.close();
    else made.push(plan);
  }
  return made;
}

function tryPlan(cudnn: Cudnn, config: EngineConfig): ConvolutionPlan | undefined {
  try {
    return new ConvolutionPlan(cudnn, config);
  } catch (error) {
    if (error instanceof CudnnError) return undefined;
    throw error;
  }
}

/** Whether an error means that cuDNN lacks it; it calls mixed types and some epilogues wrong instead of unsupported. */
function mayBeUnsupported({ image, filter, result, epilogue }: ConvolutionSpec, error: CudnnError): boolean {
  const isMixed = image.type !== filter.type || filter.type !== result.type;
  return error.isUnsupported || (error.isRefused && (isMixed || epilogue !== undefined));
}
