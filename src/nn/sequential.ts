import type { Tensor } from '../graph/tensor.js';
import { Layer } from './layer.js';
import type { Trace } from './trace.js';

/** A function without state that stands in a sequence: an activation, a pooling. */
export type PlainFunction = (x: Tensor) => Tensor;

/** Layers one after the other. Children are named by their place, functions included, as PyTorch's `nn.Sequential`. */
export class Sequential extends Layer {
  constructor(private readonly layers: readonly (Layer | PlainFunction)[]) {
    super();
  }

  protected override children(): [string, Layer][] {
    return this.layers.flatMap((layer, i): [string, Layer][] =>
      layer instanceof Layer ? [[String(i), layer]] : [],
    );
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return this.layers.reduce((y, layer) => (layer instanceof Layer ? layer.forward(y, trace) : layer(y)), x);
  }
}

/** Layers one after the other under names of their own, as PyTorch's `add_module` makes them. */
export class NamedSequential extends Layer {
  constructor(private readonly layers: ReadonlyMap<string, Layer>) {
    super();
  }

  protected override children(): [string, Layer][] {
    return [...this.layers];
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return [...this.layers.values()].reduce((y, layer) => layer.forward(y, trace), x);
  }
}
