import { Choice } from '../Choice.jsx';
import { panelAddress } from '../route.js';

/** Props of {@link RunChoice}. */
interface RunChoiceProps {
  /** The panel that shows the run. */
  readonly panel: string;
  /** The id of the run that is shown. */
  readonly shown: string;
  /** Ids of the runs to choose from. */
  readonly usable: readonly string[];
}

/** A choice of the run whose model a panel shows. */
export function RunChoice({ panel, shown, usable }: RunChoiceProps) {
  return (
    <Choice
      label="Run"
      value={shown}
      options={[...new Set([shown, ...usable])].map((id) => [id, id])}
      onChoice={(id) => location.assign(panelAddress(panel, id))}
    />
  );
}
