import type { Families } from '../../models/families.js';
import { settingsIn } from './builders.js';
import { atLeast, orNull, type Setting } from './setting.js';

const model = settingsIn('Model');

/** A setting for every hyperparameter that families declare; null: the model's own value. */
export function hyperparameterSettings<O extends string>(
  families: Families<O>,
): { readonly [K in O]: Setting<number | null> } {
  return families.mapOptions((key, declared) => {
    const texts = declared.map(({ help, models, expected, names }) =>
      [`${help} of ${models.join(', ')}`, names ? 'a number or a name' : expected].join(': '),
    );
    const standard = new Set(declared.map((option) => option.standard));
    const names = Object.fromEntries(families.valueNames(key));
    return model.number<number | null>(null, orNull(atLeast(0)), '<number>', texts.join('; '), {
      onlyWith: { key: 'model', values: declared.flatMap(({ models }) => models) },
      ...(Object.keys(names).length > 0 && { names }),
      unset: standard.size === 1 ? String(declared[0]!.standard) : 'the model’s own',
    });
  });
}
