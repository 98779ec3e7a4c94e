import { useEffect, useState } from 'preact/hooks';
import type { StudioInfo } from '../api.js';
import { ask } from './client.js';
import { Layout } from './Layout.jsx';
import { lazily } from './lazily.jsx';
import { useRoute } from './route.js';
import { RunsPanel } from './runs/RunsPanel.jsx';
import { WithoutRuntime } from './WithoutRuntime.jsx';

// The first panel is there at once; the scripts of the others are larger, with all that trains and runs models.
const DataPanel = lazily(() => import('./data/DataPanel.jsx').then((module) => module.DataPanel));
const LossPanel = lazily(() => import('./loss/LossPanel.jsx').then((module) => module.LossPanel));
const TrainPanel = lazily(() => import('./train/TrainPanel.jsx').then((module) => module.TrainPanel));
const TryRunPanel = lazily(() => import('./try/TryRunPanel.jsx').then((module) => module.TryRunPanel));

const PANELS = [
  ['runs', 'Runs'],
  ['data', 'Data'],
  ['loss', 'Bias loss'],
  ['try', 'Try it'],
  ['train', 'Train here'],
] as const;

/** The whole page. */
export function App() {
  const { panel, rest } = useRoute('runs');
  const [info, setInfo] = useState<StudioInfo | string>();
  useEffect(() => {
    ask<StudioInfo>('api/info').then(setInfo, (error: Error) => setInfo(error.message));
  }, []);
  return (
    <Layout name="biasloss studio" panels={PANELS} panel={panel}>
      {typeof info === 'string' && <p role="alert">The studio does not answer: {info}.</p>}
      {panel === 'loss' && <LossPanel run={rest} />}
      {typeof info === 'object' && <InfoPanel info={info} panel={panel} rest={rest} />}
    </Layout>
  );
}

/** The panels that need to know about the studio. */
function InfoPanel(props: { readonly info: StudioInfo; readonly panel: string; readonly rest: string }) {
  const { info, panel, rest } = props;
  if (panel === 'loss') return null;
  if (panel === 'data') return <DataPanel info={info} folder={rest} />;
  if (panel === 'try') return <TryRunPanel run={rest} hasRuntime={info.hasRuntime} />;
  if (panel === 'train') return <TrainPanel missing={info.hasRuntime ? undefined : <WithoutRuntime />} />;
  return <RunsPanel info={info} run={rest} />;
}
