import { figureText, NONE, valueText } from '../../../report/valueText.js';
import type { MetricColumns, RunSummary, StudioInfo } from '../../api.js';
import { changedSettings } from '../../table/runTable.js';
import { Chart, type Series } from '../chart/Chart.jsx';
import { lookOf } from '../chart/palette.js';
import { runQuery } from '../client.js';
import { Heading } from '../Heading.jsx';
import { RunActions } from './RunActions.jsx';
import { RunStatusText } from './RunStatusText.jsx';
import { useMetrics } from './useMetrics.js';

/** Charts of a run: columns of `metrics.csv`, and what their lines are called. */
const CHARTS: readonly { readonly title: string; readonly columns: Readonly<Record<string, string>> }[] = [
  { title: 'Top-1, %', columns: { test_top1: 'test', train_top1: 'training' } },
  {
    title: 'Losses',
    columns: {
      test_cross_entropy: 'test cross-entropy',
      train_cross_entropy: 'training cross-entropy',
      train_loss: 'training loss',
    },
  },
  { title: 'Learning rate', columns: { learning_rate: 'learning rate' } },
  { title: 'Images per second', columns: { images_per_second: 'training' } },
];

/** Props of {@link RunDetails}. */
interface RunDetailsProps {
  readonly info: StudioInfo;
  readonly run: RunSummary;
  /** Opens the form for a new run with this one's settings. */
  readonly onCopy: () => void;
}

/** One run: figures, curves, settings, and what can be done with it. */
export function RunDetails({ info, run, onCopy }: RunDetailsProps) {
  const columns = useMetrics([run]).get(run.id);
  return (
    <>
      <p>
        <a href="#/runs">All runs</a>
      </p>
      <Heading text={run.id} />
      {run.problem !== undefined && <p class="bad">The run cannot be read: {run.problem}.</p>}
      <Facts run={run} />
      <RunActions run={run} folder={info.folder} onCopy={onCopy} />
      <p class="row middle">
        {run.hasReport && (
          <a href={`api/report?${runQuery(run.id)}`} target="_blank" rel="noreferrer">
            Report
          </a>
        )}
        {run.epochsDone > 0 && (
          <a href={`api/metrics.csv?${runQuery(run.id)}`} download="metrics.csv">
            metrics.csv
          </a>
        )}
      </p>
      {columns && (
        <div class="grid">
          {CHARTS.map(({ title, columns: names }) => (
            <Chart key={title} title={title} xLabel="epoch" series={seriesOf(columns, names)} />
          ))}
        </div>
      )}
      <Settings info={info} settings={run.settings} />
    </>
  );
}

function seriesOf(columns: MetricColumns, names: Readonly<Record<string, string>>): Series[] {
  const x = (columns.epoch ?? []).flatMap((value) => value ?? []);
  return Object.entries(names).flatMap(([name, label], place): Series[] => {
    const y = columns[name];
    return y ? [{ label, look: lookOf(place), x, y }] : [];
  });
}

function Facts({ run }: { readonly run: RunSummary }) {
  const { progress } = run;
  const facts: (readonly [string, string])[] = [
    ['Epochs', `${run.epochsDone} of ${run.epochs ?? NONE}`],
    ['Last', figureText(run.last)],
    ['Best', run.bestEpoch === null ? NONE : `${figureText(run.best)} in epoch ${run.bestEpoch}`],
    ...(progress && progress.loss !== null ? [['Loss now', figureText(progress.loss)] as const] : []),
    ...(progress && progress.imagesPerSecond !== null
      ? [['Images per second', figureText(Math.round(progress.imagesPerSecond))] as const]
      : []),
  ];
  return (
    <dl class="facts">
      <div>
        <dt>Status</dt>
        <dd>
          <RunStatusText run={run} />
        </dd>
      </div>
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Settings({
  info,
  settings,
}: {
  readonly info: StudioInfo;
  readonly settings: RunSummary['settings'];
}) {
  if (settings === null) return <p class="muted">The run’s settings are unknown.</p>;
  const own = changedSettings(settings, info);
  return (
    <section class="card">
      <h2>Settings</h2>
      <p class="muted">Those that are not the defaults of the run’s optimiser.</p>
      <table class="settings">
        <thead>
          <tr>
            <th scope="col" class="words">
              setting
            </th>
            <th scope="col" class="words">
              value
            </th>
          </tr>
        </thead>
        <tbody>
          {own.map(({ key }) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td class="words">{valueText(settings[key])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
