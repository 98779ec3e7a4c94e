import type { Tensor } from '../graph/tensor.js';
import { Layer } from './layer.js';
import type { Trace } from './trace.js';

/** A stateless function in a sequence: an activation, a pooling. */
export type PlainFunction = (x: Tensor) => Tensor;

function inSequence(layers: Iterable<Layer | PlainFunction>, x: Tensor, trace: Trace): Tensor {
  let y = x;
  for (const layer of layers) y = layer instanceof Layer ? layer.forward(y, trace) : layer(y);
  return y;
}

/** Layers in sequence. Children are named by their index, functions included, as in PyTorch's `nn.Sequential`. */
export class Sequential extends Layer {
  constructor(private readonly layers: readonly (Layer | PlainFunction)[]) {
    super();
  }

  protected override children(): [string, Layer][] {
    return this.layers.flatMap((layer, i): [string, Layer][] =>
      layer instanceof Layer ? [[String(i), layer]] : [],
    );
  }

  override parts(prefix = ''): string[][] {
    return this.childParts(prefix);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return trace.inModule(this, () => inSequence(this.layers, x, trace));
  }
}

/** Layers in sequence under given names, functions included, as made by PyTorch's `add_module`. */
export class NamedSequential extends Layer {
  constructor(private readonly layers: ReadonlyMap<string, Layer | PlainFunction>) {
    super();
  }

  protected override children(): [string, Layer][] {
    return [...this.layers].flatMap(([name, layer]): [string, Layer][] =>
      layer instanceof Layer ? [[name, layer]] : [],
    );
  }

  override parts(prefix = ''): string[][] {
    return this.childParts(prefix);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return trace.inModule(this, () => inSequence(this.layers.values(), x, trace));
  }
}
