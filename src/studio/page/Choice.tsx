/** Props of {@link Choice}. */
interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  /** Values with what they are called. */
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChoice: (value: string) => void;
}

/** A list of which one is chosen. */
export function Choice({ label, value, options, onChoice }: ChoiceProps) {
  return (
    <label class="field">
      {label}
      <select value={value} onChange={({ currentTarget }) => onChoice(currentTarget.value)}>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
