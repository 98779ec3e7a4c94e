import { Graph } from '../graph/graph.js';
import { Trace } from '../nn/trace.js';
import type { Model } from './model.js';

/** A model's parts in the order in which images go through them. */
export interface ModelParts {
  /** Names of the state entries of each part; the head is not among them. */
  readonly backbone: readonly (readonly string[])[];
  /**
   * Names of the classifier's: of all that belongs to the model's module that its last layer is in, unless that module has batch
   * normalisation, or is all there is; then of the last layer alone.
   */
  readonly head: readonly string[];
  /** Names of the entries that layer decay treats alike, from the first part on; the last group is the classifier's. */
  readonly decayGroups: readonly (readonly string[])[];
}

/** Backbone and head of a model. */
export function partsOf(model: Model): ModelParts {
  const order = forwardOrder(model);
  const place = (names: readonly string[]): number =>
    Math.min(...names.map((name) => order.get(name) ?? Number.POSITIVE_INFINITY));
  const head = headOf(model);
  const isHead = new Set(head);
  const backbone = model
    .parts()
    .map((names) => names.filter((name) => !isHead.has(name)))
    .filter((names) => names.length > 0)
    .sort((a, b) => place(a) - place(b));
  return { backbone, head, decayGroups: decayGroupsOf(model, { backbone, head }) };
}

/** Groups for layer decay: the parts, of which a model may join some with their neighbours. */
function decayGroupsOf(
  { joinedParts: { previous = [], classifier = [] } }: Model,
  { backbone, head }: Pick<ModelParts, 'backbone' | 'head'>,
): string[][] {
  const groups: string[][] = [];
  const last = [...head];
  for (const names of backbone) {
    const begins = (module: string): boolean => names[0]!.startsWith(`${module}.`);
    const joined = classifier.some(begins) ? last : previous.some(begins) ? groups.at(-1) : undefined;
    if (joined) joined.push(...names);
    else groups.push([...names]);
  }
  return [...groups, last];
}

/** Names of the classifier's entries. */
function headOf(model: Model): readonly string[] {
  const entries = model.stateEntries();
  const [module] = model.classifierEntries[0]!.split('.');
  const around = entries.filter(({ name }) => name.startsWith(`${module}.`));
  const isHead = around.length < entries.length && around.every(({ kind }) => kind === 'parameter');
  return isHead ? around.map(({ name }) => name) : model.classifierEntries;
}

/** When each variable is first used. */
function forwardOrder(model: Model): ReadonlyMap<string, number> {
  const graph = new Graph();
  model.forward(graph.input('images', model.imagesShape(1)), new Trace(graph, model, false));
  return new Map(
    graph.nodes.flatMap((node, i) => (node.kind === 'variable' ? [[node.attributes.name, i] as const] : [])),
  );
}
