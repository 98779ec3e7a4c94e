import { Layout } from '../Layout.jsx';
import { useRoute } from '../route.js';
import { TrainPanel } from '../train/TrainPanel.jsx';
import { TryFilePanel } from './TryFilePanel.jsx';

const PANELS = [
  ['train', 'Train here'],
  ['try', 'Try it'],
] as const;

/** The whole page of the static site. */
export function SiteApp() {
  const { panel } = useRoute('train');
  return (
    <Layout name="biasloss" panels={PANELS} panel={panel}>
      {panel === 'try' ? <TryFilePanel /> : <TrainPanel />}
    </Layout>
  );
}
