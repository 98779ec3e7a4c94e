import type { Families } from '../../models/families.js';
import type { Hyperparameter } from '../../models/family.js';
import { settingsIn } from './builders.js';
import { atLeast, orNull, type Setting } from './setting.js';

const model = settingsIn('Model');

/** A setting for every hyperparameter that families declare; null: the model's own value. */
export function hyperparameterSettings<O extends string>(
  families: Families<O>,
): { readonly [K in O]: Setting<number | null> } {
  return families.mapOptions((key, declared) => {
    const texts = modelsByText(declared).map(
      ([[help, values], models]) => `${help} of ${models.join(', ')}: ${values}`,
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

/** Models that describe a hyperparameter in the same words, by its help and its values. */
function modelsByText(
  declared: readonly (Hyperparameter & { readonly models: readonly string[] })[],
): [text: readonly [help: string, values: string], models: string[]][] {
  const groups = new Map<string, [readonly [string, string], string[]]>();
  for (const { help, models, expected, names } of declared) {
    const text = [help, names ? 'a number or a name' : expected] as const;
    const group = groups.get(text.join('\n')) ?? [text, []];
    group[1].push(...models);
    groups.set(text.join('\n'), group);
  }
  return [...groups.values()];
}
