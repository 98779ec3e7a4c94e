import { useMemo, useState } from 'preact/hooks';
import type { RunSummary, StudioInfo } from '../../api.js';
import {
  csvOfRuns,
  differingSettings,
  groupedRuns,
  matchingRuns,
  metricText,
  type SortOrder,
  sortedRuns,
} from '../../table/runTable.js';
import { Chart, type Series } from '../chart/Chart.jsx';
import { lookOf, type SeriesLook } from '../chart/palette.js';
import { download } from '../download.js';
import { Heading } from '../Heading.jsx';
import { RunTable } from './RunTable.jsx';
import { RunToolbar } from './RunToolbar.jsx';
import { useMetrics } from './useMetrics.js';
import type { LiveRuns } from './useRuns.js';

/** Props of {@link RunsOverview}. */
interface RunsOverviewProps {
  readonly info: StudioInfo;
  readonly live: LiveRuns;
  readonly metric: string;
  readonly onMetric: (metric: string) => void;
  readonly onStart: () => void;
}

/** Runs whose curves are drawn at first. */
const DRAWN_AT_FIRST = 6;

/** All runs: their curves, and a table of what differs. */
export function RunsOverview({ info, live, metric, onMetric, onStart }: RunsOverviewProps) {
  const [filter, setFilter] = useState('');
  const [groupBy, setGroupBy] = useState('');
  const [order, setOrder] = useState<SortOrder>({ by: 'started', isDescending: true });
  const [chosen, setChosen] = useState<ReadonlySet<string>>();
  const all = useMemo(() => [...live.runs.values()], [live.runs]);
  const settings = useMemo(() => differingSettings(all, info.settings), [all, info]);
  const runs = sortedRuns(matchingRuns(all, filter, settings), order, settings);
  const groups = groupedRuns(
    runs,
    settings.find(({ key }) => key === groupBy),
  );
  const drawn = chosen ?? firstRuns(all);
  const looks = looksOf(
    groups.map((group) => group.runs),
    drawn,
    groupBy !== '',
  );
  const toggle = (id: string): void => setChosen(toggled(drawn, id));
  const save = (): void => download('runs.csv', [csvOfRuns(runs, settings, metric)], 'text/csv');
  if (live.state === 'connecting') return <Heading text="Runs" />;
  return (
    <>
      <Heading text="Runs" />
      <RunToolbar
        {...{ info, settings, metric, onMetric, filter, groupBy, onStart }}
        onFilter={setFilter}
        onGroupBy={setGroupBy}
        onSave={save}
      />
      {all.length === 0 && live.state === 'live' && <p>There are no runs in {info.folder} yet.</p>}
      {all.length > 0 && (
        <>
          <Curves runs={runs.filter(({ id }) => looks.has(id))} metric={metric} looks={looks} />
          <RunTable {...{ groups, settings, metric, order, looks }} onOrder={setOrder} onToggle={toggle} />
        </>
      )}
    </>
  );
}

/** The newest runs that have curves. */
function firstRuns(runs: readonly RunSummary[]): ReadonlySet<string> {
  const newest = sortedRuns(runs, { by: 'started', isDescending: true }, []);
  const withCurves = newest.filter(({ epochsDone }) => epochsDone > 0);
  return new Set(withCurves.slice(0, DRAWN_AT_FIRST).map(({ id }) => id));
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const others = [...ids].filter((other) => other !== id);
  return new Set(ids.has(id) ? others : [...others, id]);
}

/** Looks of the drawn runs: each its own, or those of a group the same. */
function looksOf(
  groups: readonly (readonly RunSummary[])[],
  drawn: ReadonlySet<string>,
  isByGroup: boolean,
): ReadonlyMap<string, SeriesLook> {
  const places = new Map([...drawn].sort().map((id, place) => [id, place]));
  return new Map(
    groups.flatMap((runs, group) =>
      runs
        .filter(({ id }) => drawn.has(id))
        .map(({ id }): [string, SeriesLook] => [id, lookOf(isByGroup ? group : places.get(id)!)]),
    ),
  );
}

function Curves(props: {
  readonly runs: readonly RunSummary[];
  readonly metric: string;
  readonly looks: ReadonlyMap<string, SeriesLook>;
}) {
  const { runs, metric, looks } = props;
  const columns = useMetrics(runs);
  const series = runs.flatMap(({ id }): Series[] => {
    const { epoch, [metric]: values } = columns.get(id) ?? {};
    const x = (epoch ?? []).flatMap((value) => value ?? []);
    return values && x.length > 0 ? [{ label: id, look: looks.get(id)!, x, y: values }] : [];
  });
  if (series.length === 0) return null;
  return <Chart title={metricText(metric)} xLabel="epoch" series={series} />;
}
