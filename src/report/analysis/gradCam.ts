import { gradients } from '../../graph/autodiff.js';
import { Graph } from '../../graph/graph.js';
import { mul, relu } from '../../graph/ops/elementwise.js';
import { mean, sum } from '../../graph/ops/reduce.js';
import type { Program } from '../../graph/program.js';
import type { Model } from '../../models/model.js';
import { Trace } from '../../nn/trace.js';

/**
 * Grad-CAM (Selvaraju et al., 2017) of the model in evaluation mode: (variables, images [N,C,S,S], chosen [N,classes]) →
 * `heat` [N,h,w], the features summed up over their channels with the mean gradient of the chosen class's logit, negative
 * values cut off.
 *
 * `chosen` has a 1 at the class of each image, 0 elsewhere.
 */
export function gradCamProgram(model: Model, batchSize: number): Program {
  const graph = new Graph();
  const { imageSize, classes } = model.config;
  const images = graph.input('images', [batchSize, model.channels, imageSize, imageSize]);
  const { logits, features } = model.forward(images, new Trace(graph, model, false));
  const score = sum(mul(logits, graph.input('chosen', [batchSize, classes])));
  const [gradient] = gradients(score, [features]);
  const channelWeights = mean(gradient!, [2, 3], true);
  return graph.program({ heat: relu(sum(mul(features, channelWeights), [1])) });
}

/**
 * A map enlarged by bilinear interpolation, from 0 to 1.
 *
 * @param heat [height, width], not negative
 * @returns [size, size]; zeros where all of the map is 0
 */
export function enlargedHeat(
  heat: Float32Array,
  { height, width, size }: { readonly height: number; readonly width: number; readonly size: number },
): Float32Array {
  const greatest = heat.reduce((a, b) => Math.max(a, b), 0) || 1;
  const at = (y: number, x: number): number => heat[y * width + x]! / greatest;
  return Float32Array.from({ length: size * size }, (_, i) => {
    const [y0, y1, fy] = neighbours(Math.floor(i / size), size, height);
    const [x0, x1, fx] = neighbours(i % size, size, width);
    const upper = at(y0, x0) * (1 - fx) + at(y0, x1) * fx;
    const lower = at(y1, x0) * (1 - fx) + at(y1, x1) * fx;
    return upper * (1 - fy) + lower * fy;
  });
}

/** The two cells around a pixel's centre along an axis, and its place between them. */
function neighbours(pixel: number, pixels: number, cells: number): [number, number, number] {
  const place = Math.min(cells - 1, Math.max(0, ((pixel + 0.5) * cells) / pixels - 0.5));
  const low = Math.floor(place);
  return [low, Math.min(low + 1, cells - 1), place - low];
}

/** An image under a heat map: grey where the map is 0, red where it is 1. @returns bytes [S, S, 3] */
export function underHeat(pixels: Uint8Array, heat: Float32Array): Uint8Array {
  const [red, green, blue] = [0.3, 0.59, 0.11];
  return Uint8Array.from({ length: pixels.length }, (_, i) => {
    const at = i - (i % 3);
    const grey = red * pixels[at]! + green * pixels[at + 1]! + blue * pixels[at + 2]!;
    const share = heat[Math.floor(i / 3)]!;
    const colour = i % 3 === 0 ? 255 : i % 3 === 1 ? 200 * (1 - share) : 0;
    return Math.round(grey * (1 - 0.65 * share) + colour * 0.65 * share);
  });
}
