import { UsageError } from '../errors.js';
import type { Family, Hyperparameter, ModelDeclaration } from './family.js';
import { IMAGE_CHANNELS, type Model, type ModelConfig } from './model.js';

/** Which model to make. */
export interface ModelRequest {
  readonly name: string;
  /** Number of classes, 2 or more. */
  readonly classes: number;
  /** Height and width of the images. Default: the model's own. */
  readonly imageSize?: number | undefined;
  /** Channels of the images: 3 (default) or 1 for grey. */
  readonly channels?: number | undefined;
}

/** A hyperparameter in a family that has it. */
interface DeclaredOption extends Hyperparameter {
  /** Names of the family's models. */
  readonly models: readonly string[];
}

/** Properties of a model besides hyperparameters. */
const PLAIN: ReadonlySet<string> = new Set<keyof ModelRequest>(['name', 'classes', 'imageSize', 'channels']);

/** A list of families, looked up by the names of their models and hyperparameters. */
export class Families<O extends string = string> {
  /** Names of all models. */
  readonly names: readonly string[];
  /** Every hyperparameter, with its declaration in each family that has it. */
  readonly options: ReadonlyMap<O, readonly DeclaredOption[]>;
  private readonly families = new Map<string, Family>();

  /** @throws Error when a name is given to two models, or to two values of a hyperparameter */
  constructor(list: readonly Family[]) {
    const options = new Map<string, DeclaredOption[]>();
    for (const family of list) {
      const models = Object.keys(family.models);
      for (const name of models) {
        if (this.families.has(name)) throw new Error(`two families have a model ${name}`);
        this.families.set(name, family);
      }
      for (const [key, option] of Object.entries(family.options))
        options.set(key, [...(options.get(key) ?? []), { ...option, models }]);
    }
    this.names = [...this.families.keys()];
    this.options = options as ReadonlyMap<string, DeclaredOption[]> as ReadonlyMap<O, DeclaredOption[]>;
    for (const key of this.options.keys()) this.valueNames(key);
  }

  /** The family's declaration of a model; undefined for an unknown name. */
  declarationOf(name: string): (ModelDeclaration & { readonly family: Family }) | undefined {
    const family = this.families.get(name);
    return family && { ...family.models[name]!, family };
  }

  /** Names of a hyperparameter's values, which the command line accepts. */
  valueNames(key: O): ReadonlyMap<string, number> {
    const names = new Map<string, number>();
    for (const [name, value] of (this.options.get(key) ?? []).flatMap(({ names }) =>
      Object.entries(names ?? {}),
    )) {
      if ((names.get(name) ?? value) !== value) throw new Error(`${name} is two values of ${key}`);
      names.set(name, value);
    }
    return names;
  }

  /** A model's name with the hyperparameters that are set: `shufflenetv2-0.5`. */
  labelOf(name: string, settings: object): string {
    return [name, ...Object.values(this.optionsOf(settings))].join('-');
  }

  /** Something for every hyperparameter, by its name. */
  mapOptions<T>(make: (key: O, declared: readonly DeclaredOption[]) => T): { readonly [K in O]: T } {
    const entries = [...this.options].map(([key, declared]) => [key, make(key, declared)]);
    return Object.fromEntries(entries) as { [K in O]: T };
  }

  /** The hyperparameters that are set among the settings of a model, a run or a command. */
  optionsOf(settings: object): { readonly [K in O]?: number } {
    const values: Readonly<Record<string, unknown>> = { ...settings };
    const set = [...this.options.keys()].filter((key) => typeof values[key] === 'number');
    return Object.fromEntries(set.map((key) => [key, values[key]])) as { [K in O]?: number };
  }

  /**
   * Makes a model.
   *
   * @throws UsageError for an unknown name, or a size or hyperparameter that the family does not have
   */
  create(request: ModelRequest): Model {
    const { name, classes, channels = 3 } = request;
    const declaration = this.declarationOf(name);
    if (!declaration) throw new UsageError(`there is no model ${name}; there are ${this.names.join(', ')}`);
    const { family, leastImageSize } = declaration;
    if (!Number.isInteger(classes) || classes < 2)
      throw new UsageError(`a model needs 2 classes or more, not ${classes}`);
    const { imageSize = declaration.imageSize } = request;
    if (!Number.isInteger(imageSize) || imageSize < leastImageSize)
      throw new UsageError(`${name} takes images of ${leastImageSize} pixels or more, not ${imageSize}`);
    if (!IMAGE_CHANNELS.includes(channels))
      throw new UsageError(`a model takes images of 3 channels or 1, not ${channels}`);
    const options = checkedOptions(name, family, request);
    const config: ModelConfig = { name, classes, imageSize, channels, ...options };
    return family.create(config, options);
  }

  /** A model's published size; undefined if there is none. */
  published({ config }: Model): string | undefined {
    const family = this.families.get(config.name);
    return family?.published?.(config, checkedOptions(config.name, family, config));
  }
}

/** The family's hyperparameters: the given ones, else their defaults. */
function checkedOptions(name: string, { options }: Family, request: ModelRequest): Record<string, number> {
  const given = new Map(
    Object.entries(request).filter(([key, value]) => !PLAIN.has(key) && value !== undefined),
  );
  for (const [key, value] of given)
    if (!Object.hasOwn(options, key)) throw new UsageError(`${name} has no ${key}, but ${value} was given`);
  const entries = Object.entries(options).map(([key, { standard, expected, holds }]): [string, number] => {
    const value: unknown = given.get(key) ?? standard;
    if (typeof value === 'number' && holds(value)) return [key, value];
    throw new UsageError(`${name} has the ${key} ${expected}, not ${value}`);
  });
  return Object.fromEntries(entries);
}
