import type { Shape } from '../../../graph/tensorType.js';
import type { Block, Dnnl } from '../dnnl.js';
import { type ElementType, elementBytes, type MemoryDesc } from '../memoryDesc.js';
import type { Place } from './place.js';

/** Inputs to the choice of layouts. */
export interface LayoutSettings {
  /** Element type of convolutions' operands. */
  readonly activation: ElementType;
  /** Channels of a block in the layout that the processor's code works on; undefined for none. */
  readonly block: Block | undefined;
}

/** The layouts that a plan gives tensors if no primitive chooses one. */
export class Layouts {
  readonly activation: ElementType;
  readonly block: Block | undefined;

  constructor(
    private readonly dnnl: Dnnl,
    { activation, block }: LayoutSettings,
  ) {
    this.activation = activation;
    this.block = block;
  }

  /** Row-major layout of a shape; a scalar is one element. */
  rowMajor(shape: Shape, type: ElementType = 'f32'): MemoryDesc {
    return this.dnnl.strided(shape.length === 0 ? [1] : shape, type);
  }

  /** The default layout of images: the one that convolutions choose. */
  images(shape: Shape, type: ElementType = this.activation): MemoryDesc {
    const { block } = this;
    return block ? this.dnnl.named(shape, type, `aBcd${block}b`) : this.rowMajor(shape, type);
  }

  /** Images whose channels lie side by side, pixel by pixel. */
  channelsLast(shape: Shape, type: ElementType): MemoryDesc {
    const [, c, h, w] = shape as [number, number, number, number];
    return this.dnnl.strided(shape, type, [h * w * c, 1, w * c, c]);
  }

  /** A place's memory as one axis of numbers, with the zeros that fill up its blocks. */
  flat(place: Place): Place {
    const { bytes, type } = place.desc;
    return { ...place, desc: this.rowMajor([bytes / elementBytes[type]], type) };
  }
}
