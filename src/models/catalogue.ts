import { describeModel } from './describe.js';
import type { Families } from './families.js';
import { modelKinds } from './recognise.js';
import { families, type ModelOption } from './registry.js';

/** A model of a family, in one of its sizes. */
export interface CatalogueEntry {
  readonly name: string;
  /** The family's title. */
  readonly family: string;
  /** The hyperparameters on which its size depends, with this entry's values. */
  readonly options: { readonly [K in ModelOption]?: number };
  /** Its own height and width of images, and classes, for which it is counted. */
  readonly imageSize: number;
  readonly classes: number;
  readonly parameters: number;
  /** Multiply-accumulates of convolutions and linear layers for one image. */
  readonly macs: number;
}

/** Every model in every published size, by family in the registry's order. */
export function catalogue(among: Families<ModelOption> = families): CatalogueEntry[] {
  const colour = modelKinds(among).filter(({ channels }) => channels === 3);
  return colour.map((kind) => {
    const { name } = kind;
    const { classes, imageSize, family } = among.declarationOf(name)!;
    const { parameters, macs } = describeModel(among.create({ ...kind, classes }));
    const options = among.optionsOf(kind);
    return { name, family: family.title, options, imageSize, classes, parameters, macs };
  });
}
