import type { SettingDescription, StudioInfo } from '../../api.js';
import { metricText } from '../../table/runTable.js';
import { Choice } from '../Choice.jsx';
import { hasToken } from '../client.js';

/** Props of {@link RunToolbar}. */
interface RunToolbarProps {
  readonly info: StudioInfo;
  /** Settings that differ, which runs can be grouped by. */
  readonly settings: readonly SettingDescription[];
  readonly metric: string;
  readonly filter: string;
  readonly groupBy: string;
  readonly onMetric: (metric: string) => void;
  readonly onFilter: (text: string) => void;
  readonly onGroupBy: (key: string) => void;
  readonly onSave: () => void;
  readonly onStart: () => void;
}

/** What is shown of the runs. */
export function RunToolbar(props: RunToolbarProps) {
  const { info, settings, metric, filter, groupBy } = props;
  return (
    <search class="row">
      <Choice
        label="Metric"
        value={metric}
        options={info.metrics.map((name) => [name, metricText(name)])}
        onChoice={props.onMetric}
      />
      <Choice
        label="Group by"
        value={groupBy}
        options={[['', 'nothing'], ...settings.map(({ key }) => [key, key] as const)]}
        onChoice={props.onGroupBy}
      />
      <label class="field">
        Filter
        <input
          type="search"
          value={filter}
          placeholder="name, status or setting"
          onInput={({ currentTarget }) => props.onFilter(currentTarget.value)}
        />
      </label>
      <button type="button" onClick={props.onSave}>
        Download CSV
      </button>
      <button type="button" class="first" onClick={props.onStart} disabled={!hasToken()}>
        Start a run
      </button>
      {!hasToken() && (
        <p class="muted">
          To start and stop runs, open the whole address that the studio printed, with its token.
        </p>
      )}
    </search>
  );
}
