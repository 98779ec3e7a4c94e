import type { TrainConfig } from '../trainConfig.js';

/** What a value may be. */
export interface Check {
  /** For messages: "must be …". */
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

/** The kind of a setting's value on the command line. */
export type SettingKind = 'number' | 'numbers' | 'text' | 'choice' | 'switch';

/** Heading under which help lists a setting. */
export type SettingGroup = 'Model' | 'Data' | 'Augmentation' | 'Loss' | 'Training' | 'Computation' | 'Run';

/** Everything that is known about a setting of a training. */
export interface Setting<T> {
  readonly group: SettingGroup;
  readonly kind: SettingKind;
  readonly default: T;
  readonly check: Check;
  /** What a flag's value is called in help; '' for a switch, null if it has no flag. */
  readonly argument: string | null;
  /** What it does, without its default. */
  readonly help: string;
  /** What happens if it is not given, unless the default's value says it. */
  readonly unset?: string | undefined;
  /** The values, of the kind `choice`. */
  readonly choices?: readonly string[] | undefined;
  /** Names of values, of the kind `number`. */
  readonly names?: Readonly<Record<string, number>> | undefined;
  /** Whether it is a path, which a run keeps absolute. */
  readonly path: boolean;
  /** Values of a path that are no paths. */
  readonly words?: readonly string[] | undefined;
  /** The setting that must have one of some values, or without them any but null, for this one to have an effect. */
  readonly onlyWith?:
    | { readonly key: keyof TrainConfig; readonly values?: readonly string[] | undefined }
    | undefined;
  /** Whether a resumed run may have another value. */
  readonly onResume: 'fixed' | 'may change';
}

/** A part of the table: a setting for each of some keys. */
export type SettingsOf<K extends keyof TrainConfig> = { readonly [P in K]: Setting<TrainConfig[P]> };

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** One of some texts. */
export const oneOf = (values: readonly string[]): Check => ({
  expected: `one of ${values.join(', ')}`,
  holds: (v) => typeof v === 'string' && values.includes(v),
});

/** Text that is not empty. */
export const text: Check = { expected: 'text', holds: (v) => typeof v === 'string' && v !== '' };

/** A switch. */
export const trueOrFalse: Check = { expected: 'true or false', holds: (v) => typeof v === 'boolean' };

/** Any finite number. */
export const anyNumber: Check = { expected: 'a number', holds: isNumber };

/** A whole number of at least `least`. */
export const whole = (least: number): Check => ({
  expected: `a whole number of at least ${least}`,
  holds: (v) => isNumber(v) && Number.isInteger(v) && v >= least,
});

/** A whole number from `least` to `most`. */
export const wholeUpTo = (least: number, most: number): Check => ({
  expected: `a whole number from ${least} to ${most}`,
  holds: (v) => isNumber(v) && Number.isInteger(v) && v >= least && v <= most,
});

/** Most workers of a loader. Each decodes on up to two processors and takes memory of its own. */
export const MOST_WORKERS = 128;

/** Largest height and width of a model's images, far above what the models were made for. */
export const LARGEST_IMAGE = 4096;

/** A seed: larger numbers are not exact, and would be saved as others. */
export const seed: Check = wholeUpTo(0, Number.MAX_SAFE_INTEGER);

/** A number of at least `least`. */
export const atLeast = (least: number): Check => ({
  expected: `a number of at least ${least}`,
  holds: (v) => isNumber(v) && v >= least,
});

/** A number above `least`. */
export const above = (least: number): Check => ({
  expected: `a number above ${least}`,
  holds: (v) => isNumber(v) && v > least,
});

/** A number above `least` and below `most`. */
export const between = (least: number, most: number): Check => ({
  expected: `a number above ${least} and below ${most}`,
  holds: (v) => isNumber(v) && v > least && v < most,
});

/** A number in [0, most], or in [0, most) where `most` itself is excluded. */
export const upTo = (most: number, excluded = false): Check => ({
  expected: `a number from 0 to ${excluded ? 'below ' : ''}${most}`,
  holds: (v) => isNumber(v) && v >= 0 && (excluded ? v < most : v <= most),
});

/** A list of numbers of epochs. */
export const epochList: Check = {
  expected: 'a list of epochs',
  holds: (v) => Array.isArray(v) && v.every((m) => isNumber(m) && m >= 0),
};

/** A check that also accepts null. */
export const orNull = ({ expected, holds }: Check): Check => ({
  expected,
  holds: (v) => v === null || holds(v),
});
