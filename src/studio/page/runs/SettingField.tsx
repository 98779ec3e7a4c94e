import { valueText } from '../../../report/valueText.js';
import type { SettingDescription } from '../../api.js';

/** Props of {@link SettingField}. */
interface SettingFieldProps {
  readonly setting: SettingDescription;
  /** What was typed; empty for the default. */
  readonly value: string;
  readonly onValue: (value: string) => void;
}

/** The field of a setting, with its default as the placeholder. */
export function SettingField({ setting, value, onValue }: SettingFieldProps) {
  const { key, kind, help, choices } = setting;
  const id = `setting-${key}`;
  const otherwise = defaultText(setting);
  const options = kind === 'switch' ? ['true', 'false'] : choices;
  return (
    <div class="field" title={help}>
      <label for={id}>{key}</label>
      {options ? (
        <select id={id} value={value} onChange={({ currentTarget }) => onValue(currentTarget.value)}>
          <option value="">{otherwise}</option>
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          value={value}
          placeholder={otherwise}
          inputMode={kind === 'number' ? 'decimal' : undefined}
          onInput={({ currentTarget }) => onValue(currentTarget.value)}
        />
      )}
    </div>
  );
}

function defaultText({ default: value, unset, kind }: SettingDescription): string {
  if (unset !== undefined) return unset;
  if (value === null) return 'none';
  const text = kind === 'numbers' && Array.isArray(value) ? value.join(' ') : valueText(value);
  return `${text} (default)`;
}
