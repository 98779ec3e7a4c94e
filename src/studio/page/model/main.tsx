/** The page of one exported model. */
import { render } from 'preact';
import { refuseStrayDrops } from '../strayDrops.js';
import { ModelApp } from './ModelApp.jsx';

refuseStrayDrops();
render(<ModelApp />, document.getElementById('page')!);
