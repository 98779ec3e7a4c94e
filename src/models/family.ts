import type { Model, ModelConfig } from './model.js';

/** A hyperparameter of a family: a number, which settings and checkpoints hold by its name. */
export interface Hyperparameter {
  /** Description: `channel multiplier`. */
  readonly help: string;
  /** Its default. */
  readonly standard: number;
  /** Allowed values, for messages: `above 0 and at most 8`. */
  readonly expected: string;
  /** Whether a value is allowed. */
  readonly holds: (value: number) => boolean;
  /** Names of values, which the command line accepts: `xs` for 0.5. */
  readonly names?: Readonly<Record<string, number>>;
  /** Values that are tried to recognise tensors; absent if their shapes don't depend on it. */
  readonly recognised?: readonly number[];
}

/** A model of a family, by name. */
export interface ModelDeclaration {
  /** Default height and width of the images. */
  readonly imageSize: number;
  /** Smallest height and width: the product of all strides, so that each feature map has at least one pixel. */
  readonly leastImageSize: number;
  /** Classes of the data that it is published for. */
  readonly classes: number;
  /**
   * Names that another library gives its tensors: the names here by the other ones, given those here in the state
   * dict's order.
   */
  readonly otherNames?: (names: readonly string[]) => ReadonlyMap<string, string>;
}

/**
 * A family of models, declared in its file: everything that the registry, flags, settings, checkpoints and the
 * recognition of tensors need.
 */
export interface Family<M extends string = string, O extends string = string> {
  /** Its name, and whose implementation its numbers equal: `MobileNetV3 (torchvision)`. */
  readonly title: string;
  /** Its models by name. */
  readonly models: Readonly<Record<M, ModelDeclaration>>;
  /** Its hyperparameters by name. */
  readonly options: Readonly<Record<O, Hyperparameter>>;
  /** Makes one of its models from checked values. */
  create(config: ModelConfig, options: Readonly<Record<O, number>>): Model;
  /** One line for `info` on the published size of such a model; undefined if there is none. */
  published?(config: ModelConfig, options: Readonly<Record<O, number>>): string | undefined;
}

/** A family with the names of its models and hyperparameters in its type. */
export function defineFamily<const M extends string, const O extends string = never>(
  family: Family<M, O>,
): Family<M, O> {
  return family;
}

/** Exactly these values are allowed; all are tried to recognise tensors. */
export function oneOf(values: readonly number[]): Pick<Hyperparameter, 'expected' | 'holds' | 'recognised'> {
  return { expected: values.join(', '), holds: (value) => values.includes(value), recognised: values };
}

/** The probability of a dropout: it changes no tensor's shape. */
export function dropoutOption(help: string, standard: number): Hyperparameter {
  return {
    help,
    standard,
    expected: 'from 0 to below 1',
    holds: (value) => value >= 0 && value < 1,
  };
}
