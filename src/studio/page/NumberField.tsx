/** Props of {@link NumberField}. */
interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max?: number | undefined;
  /** Default 1: whole numbers. */
  readonly step?: number | 'any' | undefined;
  readonly onValue: (value: number) => void;
}

/** A number that is typed. What the browser says is not one is not taken. */
export function NumberField({ label, value, min, max, step = 1, onValue }: NumberFieldProps) {
  return (
    <label class="field">
      {label}
      <input
        type="number"
        required
        {...{ min, max, step, value }}
        onInput={({ currentTarget }) => {
          if (currentTarget.validity.valid) onValue(currentTarget.valueAsNumber);
        }}
      />
    </label>
  );
}
