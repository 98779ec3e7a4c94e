import { spreadText } from '../../../report/compare/spreadText.js';
import { figureText, NONE } from '../../../report/valueText.js';
import type { RunSummary, SettingDescription } from '../../api.js';
import {
  metricText,
  type ShownGroup,
  type SortKey,
  type SortOrder,
  settingText,
  startedText,
} from '../../table/runTable.js';
import type { SeriesLook } from '../chart/palette.js';
import { runAddress } from '../route.js';
import { RunStatusText } from './RunStatusText.jsx';

/** Props of {@link RunTable}. */
interface RunTableProps {
  readonly groups: readonly ShownGroup[];
  /** Settings that differ. */
  readonly settings: readonly SettingDescription[];
  readonly metric: string;
  readonly order: SortOrder;
  /** Looks of the runs whose curves are drawn. */
  readonly looks: ReadonlyMap<string, SeriesLook>;
  readonly onOrder: (order: SortOrder) => void;
  readonly onToggle: (id: string) => void;
}

/** Letters of a setting's value that are written in several lines where it has more. */
const LONG = 24;

/** The runs as a table. A column's heading sorts by it. */
export function RunTable(props: RunTableProps) {
  const { groups, settings, metric, order, onOrder } = props;
  const count = groups.reduce((sum, { runs }) => sum + runs.length, 0);
  const heading = (by: SortKey, title: string, isWords = false) => (
    <SortHeading key={by} {...{ by, title, isWords, order, onOrder }} />
  );
  if (count === 0) return <p role="status">No run matches the filter.</p>;
  return (
    <>
      <p class="muted" id="runs-shown">
        {count} {count === 1 ? 'run' : 'runs'}. Settings that are the same in all runs are left out; the boxes
        choose what is drawn.
      </p>
      <section class="card scroll runs" aria-label="Table of runs">
        <table aria-describedby="runs-shown">
          <thead>
            <tr>
              {heading('id', 'run', true)}
              {heading('status', 'status', true)}
              {heading('epochsDone', 'epochs')}
              {heading('last', `last ${metricText(metric)}`)}
              {heading('best', 'best')}
              {heading('bestEpoch', 'in epoch')}
              {settings.map(({ key }) => heading(`setting ${key}`, key, true))}
              {heading('started', 'started', true)}
            </tr>
          </thead>
          {groups.map((group) => (
            <GroupRows key={group.value ?? ''} {...props} group={group} />
          ))}
        </table>
      </section>
    </>
  );
}

function SortHeading(props: {
  readonly by: SortKey;
  readonly title: string;
  readonly isWords: boolean;
  readonly order: SortOrder;
  readonly onOrder: (order: SortOrder) => void;
}) {
  const { by, title, isWords, order, onOrder } = props;
  const isBy = order.by === by;
  const sort = isBy ? (order.isDescending ? 'descending' : 'ascending') : undefined;
  return (
    <th scope="col" class={isWords ? 'words' : undefined} aria-sort={sort}>
      <button
        type="button"
        onClick={() => onOrder({ by, isDescending: isBy ? !order.isDescending : !isWords })}
      >
        {title}
        {isBy && <span aria-hidden="true">{order.isDescending ? ' ↓' : ' ↑'}</span>}
      </button>
    </th>
  );
}

function GroupRows(props: RunTableProps & { readonly group: ShownGroup }) {
  const { group, settings, looks, onToggle } = props;
  const { value, runs, mean, deviation } = group;
  return (
    <tbody>
      {value !== undefined && (
        <tr class="group">
          <th scope="rowgroup" colSpan={settings.length + 7}>
            {value}: {runs.length} {runs.length === 1 ? 'run' : 'runs'}, best {spreadText(mean, deviation)}
          </th>
        </tr>
      )}
      {runs.map((run) => (
        <RunRow key={run.id} run={run} settings={settings} look={looks.get(run.id)} onToggle={onToggle} />
      ))}
    </tbody>
  );
}

function RunRow(props: {
  readonly run: RunSummary;
  readonly settings: readonly SettingDescription[];
  readonly look: SeriesLook | undefined;
  readonly onToggle: (id: string) => void;
}) {
  const { run, settings, look, onToggle } = props;
  return (
    <tr>
      <th scope="row">
        <div class="run">
          <input
            type="checkbox"
            aria-label={`Draw ${run.id}`}
            checked={look !== undefined}
            onChange={() => onToggle(run.id)}
          />
          <span class={`swatch ${look?.colour ?? ''}`} aria-hidden="true" />
          <a href={runAddress(run.id)}>{run.id}</a>
        </div>
      </th>
      <td class="words">
        <RunStatusText run={run} />
      </td>
      <td>
        {run.epochsDone}/{run.epochs ?? NONE}
      </td>
      <td>{figureText(run.last)}</td>
      <td>{figureText(run.best)}</td>
      <td>{figureText(run.bestEpoch)}</td>
      {settings.map((setting) => {
        const text = settingText(run, setting);
        return (
          <td key={setting.key} class={text.length > LONG ? 'words long' : 'words'}>
            {text}
          </td>
        );
      })}
      <td class="words">
        <Started at={run.started} />
      </td>
    </tr>
  );
}

/** When a run was started, in the time of who looks at it. */
function Started({ at }: { readonly at: number }) {
  if (at === 0) return <>{NONE}</>;
  const date = new Date(at);
  return (
    <time dateTime={date.toISOString()} title={date.toString()}>
      {startedText(date)}
    </time>
  );
}
