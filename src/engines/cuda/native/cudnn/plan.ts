import type { ConvolutionPointers, Pointer } from '../../device.js';
import type { Candidate } from '../algorithms/candidate.js';
import type { Cudnn, Descriptor } from './cudnn.js';
import type { EngineConfig } from './engineConfigs.js';
import { ATTRIBUTE, DESCRIPTOR, TYPE } from './enums.js';
import { TENSOR_ID } from './operationGraph.js';

/** An algorithm that is ready to run. */
export class ConvolutionPlan implements Candidate<ConvolutionPointers> {
  readonly implementation: string;
  readonly workspaceBytes: number;
  private readonly plan: Descriptor;
  /** The pointers of earlier runs, for cuDNN. */
  private readonly packs = new Map<string, Descriptor>();

  /**
   * @param config is closed with the plan
   * @throws CudnnError where the algorithm does not work for this graph
   */
  constructor(
    private readonly cudnn: Cudnn,
    private readonly config: EngineConfig,
  ) {
    this.implementation = implementationOf(config);
    this.plan = cudnn.descriptor(DESCRIPTOR.plan);
    try {
      this.plan
        .setPointers(ATTRIBUTE.planHandle, TYPE.handle, [cudnn.handle])
        .setPointers(ATTRIBUTE.planConfig, TYPE.descriptor, [config.descriptor.pointer])
        .finalize();
      const bytes = new BigInt64Array(1);
      this.plan.get(ATTRIBUTE.planWorkspace, TYPE.int64, bytes);
      this.workspaceBytes = Number(bytes[0]);
    } catch (error) {
      this.plan.close();
      throw error;
    }
  }

  run(pointers: ConvolutionPointers, workspace: Pointer): void {
    const key = [...roles.map((role) => pointers[role] ?? 0), workspace].join();
    let pack = this.packs.get(key);
    if (pack === undefined) {
      pack = this.makePack(pointers, workspace);
      this.packs.set(key, pack);
    }
    this.cudnn.execute(this.plan.pointer, pack.pointer);
  }

  close(): void {
    for (const pack of this.packs.values()) pack.close();
    this.packs.clear();
    this.plan.close();
    this.config.descriptor.close();
  }

  private makePack(pointers: ConvolutionPointers, workspace: Pointer): Descriptor {
    const given = roles.filter((role) => pointers[role] !== undefined);
    return this.cudnn
      .descriptor(DESCRIPTOR.variantPack)
      .setPointers(
        ATTRIBUTE.packPointers,
        TYPE.pointer,
        given.map((role) => pointers[role]!),
      )
      .setIntegers(
        ATTRIBUTE.packIds,
        TYPE.int64,
        given.map((role) => TENSOR_ID[role]),
      )
      .setPointers(ATTRIBUTE.packWorkspace, TYPE.pointer, [workspace])
      .finalize();
  }
}

/** See {@link Candidate.implementation}. */
export function implementationOf({ name }: EngineConfig): string {
  return `cuDNN ${name}`;
}

const roles = ['image', 'filter', 'result', 'bias', 'addend'] as const;
