import type { Model, ModelConfig } from './model.js';

/** A hyperparameter of a family: a number, which a setting, a flag of its name and checkpoints hold. */
export interface Hyperparameter {
  /** What it is, for --help: `channel multiplier`. */
  readonly help: string;
  /** Its value unless given. */
  readonly standard: number;
  /** Which values exist, for messages: `above 0 and at most 8`. */
  readonly expected: string;
  /** Whether a value exists. */
  readonly holds: (value: number) => boolean;
  /** Names of values, which its flag takes too: `xs` for 0.5. */
  readonly names?: Readonly<Record<string, number>>;
  /** Values by which tensors are recognised; without it their shapes don't depend on it. */
  readonly recognised?: readonly number[];
}

/** A model of a family: what `--model` names. */
export interface ModelDeclaration {
  /** Height and width of the images unless given. */
  readonly imageSize: number;
  /** Least height and width: the product of all strides, so that each feature map has a pixel of its own. */
  readonly leastImageSize: number;
  /** Classes of the data that it is published for. */
  readonly classes: number;
}

/**
 * A family of models, declared by its file: everything that the registry, flags, settings, checkpoints and the
 * recognition of tensors know of it.
 */
export interface Family<M extends string = string, O extends string = string> {
  /** Its models by name. */
  readonly models: Readonly<Record<M, ModelDeclaration>>;
  /** Its hyperparameters by name; the flag of `stemWidth` is `--stem-width`. */
  readonly options: Readonly<Record<O, Hyperparameter>>;
  /** Makes one of its models of checked values. */
  create(config: ModelConfig, options: Readonly<Record<O, number>>): Model;
  /** One line for `info` on what a publication says of such a model's size; undefined if it says nothing. */
  published?(config: ModelConfig, options: Readonly<Record<O, number>>): string | undefined;
}

/** A family with the names of its models and hyperparameters in its type. */
export function defineFamily<const M extends string, const O extends string = never>(
  family: Family<M, O>,
): Family<M, O> {
  return family;
}

/** The values that exist are these; tensors are recognised by each of them. */
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
