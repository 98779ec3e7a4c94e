/** The studio's page. */
import { render } from 'preact';
import { App } from './App.jsx';
import { takeToken } from './client.js';
import { refuseStrayDrops } from './strayDrops.js';

refuseStrayDrops();
takeToken();
render(<App />, document.getElementById('page')!);
