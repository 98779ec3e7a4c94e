/** Props of {@link Slider}. */
interface SliderProps {
  readonly label: string;
  readonly value: number;
  /** The greatest value; the least is 0, or the value that the run has if that is lower. */
  readonly most: number;
  readonly onValue: (value: number) => void;
  /** The run's value, which the slider can always reach. */
  readonly own: number;
}

const STEP = 0.05;

/** A slider with its value beside its name. */
export function Slider({ label, value, most, own, onValue }: SliderProps) {
  // Steps are counted from the least value: the run's own value is one of them.
  const below = Math.ceil((own - Math.min(0, own)) / STEP - 1e-9);
  const least = Number((own - below * STEP).toFixed(6));
  return (
    <label class="field slider">
      <span>
        {label} = <b>{value}</b>
      </span>
      <input
        type="range"
        aria-label={label}
        min={least}
        max={Math.max(most, own)}
        step={STEP}
        value={value}
        onInput={({ currentTarget }) => onValue(Number(Number(currentTarget.value).toFixed(6)))}
      />
    </label>
  );
}
