import type { Tensor } from '../graph/tensor.js';
import { Module } from './module.js';
import type { Trace } from './trace.js';

/** A module with one input and one output. */
export abstract class Layer extends Module {
  /** Adds the layer's computation to the trace's graph. */
  abstract forward(x: Tensor, trace: Trace): Tensor;
}
