import { useEffect, useState } from 'preact/hooks';
import type { StudioInfo } from '../api.js';
import { ask } from './client.js';
import { LossPanel } from './loss/LossPanel.jsx';
import { useRoute } from './route.js';
import { RunsPanel } from './runs/RunsPanel.jsx';

const PANELS = [
  ['runs', 'Runs'],
  ['loss', 'Bias loss'],
] as const;

/** The whole page. */
export function App() {
  const { panel, rest } = useRoute();
  const [info, setInfo] = useState<StudioInfo | string>();
  useEffect(() => {
    ask<StudioInfo>('api/info').then(setInfo, (error: Error) => setInfo(error.message));
  }, []);
  return (
    <>
      <header class="site">
        <strong>biasloss studio</strong>
        <nav aria-label="Panels">
          <ul>
            {PANELS.map(([name, title]) => (
              <li key={name}>
                <a href={`#/${name}`} aria-current={name === panel ? 'page' : undefined}>
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      <main>
        {typeof info === 'string' && <p role="alert">The studio does not answer: {info}.</p>}
        {panel === 'loss' && <LossPanel run={rest} />}
        {panel !== 'loss' && typeof info === 'object' && <RunsPanel info={info} run={rest} />}
      </main>
    </>
  );
}
