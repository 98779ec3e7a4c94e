import { useEffect, useState } from 'preact/hooks';
import type { StudioInfo } from '../api.js';
import { ask } from './client.js';
import { DataPanel } from './data/DataPanel.jsx';
import { Layout } from './Layout.jsx';
import { LossPanel } from './loss/LossPanel.jsx';
import { useRoute } from './route.js';
import { RunsPanel } from './runs/RunsPanel.jsx';
import { TrainPanel } from './train/TrainPanel.jsx';
import { TryRunPanel } from './try/TryRunPanel.jsx';
import { WithoutRuntime } from './WithoutRuntime.jsx';

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
