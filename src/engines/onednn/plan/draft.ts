import type { Phase } from '../../../graph/phase.js';
import { phasesOf } from '../../../graph/phases.js';
import type { Program, ValueId } from '../../../graph/program.js';
import type { Shape, TensorType } from '../../../graph/tensorType.js';
import type { AnyEngineNode } from '../../fusion/node.js';
import type { Usage } from '../../fusion/usage.js';
import type { Dnnl } from '../dnnl.js';
import type { Format } from '../kernels/numbers.js';
import type { ElementType } from '../memoryDesc.js';
import type { Ways } from '../ways/way.js';
import { Buffers } from './buffers.js';
import { type LayoutSettings, Layouts } from './layouts.js';
import { Places } from './places.js';
import { type StepOwner, Steps } from './steps.js';

/** Options of a draft. */
export interface DraftSettings extends LayoutSettings {
  readonly dnnl: Dnnl;
  readonly program: Program;
  /** Of the program's nodes as they are planned. */
  readonly usage: Usage;
  /** Whether convolutions and normalisation have kernels of our own. */
  readonly usesKernels: boolean;
  /** Whether the processor rounds to bf16 itself; default false. */
  readonly fastBf16?: boolean;
  /** Whether one of our own kernels updates all parameters; default false. */
  readonly updatesByKernel?: boolean;
  /** How convolutions are computed. */
  readonly ways: Ways;
}

/** A plan under construction, as used by lowerings: where values are, and what is executed. */
export class Draft {
  readonly dnnl: Dnnl;
  readonly usage: Usage;
  readonly usesKernels: boolean;
  readonly fastBf16: boolean;
  readonly updatesByKernel: boolean;
  readonly ways: Ways;
  readonly layouts: Layouts;
  readonly buffers = new Buffers();
  readonly places: Places;
  readonly steps: Steps;
  private readonly values: readonly TensorType[];
  private readonly phases: ReadonlyMap<ValueId, Phase>;
  private index = 0;
  private owner: StepOwner = { operation: '' };

  constructor({
    dnnl,
    program,
    usage,
    usesKernels,
    fastBf16 = false,
    updatesByKernel = false,
    ways,
    ...layouts
  }: DraftSettings) {
    this.dnnl = dnnl;
    this.usage = usage;
    this.usesKernels = usesKernels;
    this.fastBf16 = fastBf16;
    this.updatesByKernel = updatesByKernel;
    this.ways = ways;
    this.values = program.values;
    this.phases = phasesOf(program);
    this.layouts = new Layouts(dnnl, layouts);
    this.steps = new Steps(dnnl, this.buffers, () => this.owner);
    this.places = new Places({
      dnnl,
      program,
      usage,
      layouts: this.layouts,
      buffers: this.buffers,
      now: () => this.index,
      reorder: (from, to) => this.steps.reorder(from, to),
    });
  }

  /** Sets the node that the following steps belong to. */
  begin(node: AnyEngineNode, index: number): void {
    this.index = index;
    this.owner = { operation: node.kind, phase: this.phases.get(node.outputs[0]!) };
  }

  typeOf(value: ValueId): TensorType {
    return this.values[value]!;
  }

  shapeOf(value: ValueId): Shape {
    return this.typeOf(value).shape;
  }

  /** How kernels of our own read and write images of a type in blocks; undefined where they cannot. */
  formatOf(type: ElementType): Format | undefined {
    const { block } = this.layouts;
    if (!this.usesKernels || block === undefined) return undefined;
    if (type === 'f32') return 'f32';
    // The library has bf16 with AVX512 alone, whose blocks are of 16 channels.
    if (type !== 'bf16' || block !== 16) return undefined;
    return this.fastBf16 ? 'bf16' : 'bf16ByIntegers';
  }
}
