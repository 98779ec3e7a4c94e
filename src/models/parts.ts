import { Graph } from '../graph/graph.js';
import { Trace } from '../nn/trace.js';
import type { Model } from './model.js';

/** A model's parts in the order in which images go through them. */
export interface ModelParts {
  /** Names of the state entries of each part; the head is not among them. */
  readonly backbone: readonly (readonly string[])[];
  /** Names of the classifier's: of all that belongs to the module that the last linear layer is in. */
  readonly head: readonly string[];
}

/** Backbone and head of a model. */
export function partsOf(model: Model): ModelParts {
  const order = forwardOrder(model);
  const place = (names: readonly string[]): number =>
    Math.min(...names.map((name) => order.get(name) ?? Number.POSITIVE_INFINITY));
  const [module] = model.classifierEntries[0]!.split('.');
  const isHead = (name: string): boolean => name.startsWith(`${module}.`);
  const backbone = model
    .parts()
    .map((names) => names.filter((name) => !isHead(name)))
    .filter((names) => names.length > 0)
    .sort((a, b) => place(a) - place(b));
  const head = model.stateEntries().flatMap(({ name }) => (isHead(name) ? [name] : []));
  return { backbone, head };
}

/** When each variable is first used. */
function forwardOrder(model: Model): ReadonlyMap<string, number> {
  const graph = new Graph();
  model.forward(graph.input('images', model.imagesShape(1)), new Trace(graph, model, false));
  return new Map(
    graph.nodes.flatMap((node, i) => (node.kind === 'variable' ? [[node.attributes.name, i] as const] : [])),
  );
}
