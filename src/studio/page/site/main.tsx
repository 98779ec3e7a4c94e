/** The static site: a model is trained, and models are tried, in the visitor's browser. */
import { render } from 'preact';
import { refuseStrayDrops } from '../strayDrops.js';
import { SiteApp } from './SiteApp.jsx';

refuseStrayDrops();
render(<SiteApp />, document.getElementById('page')!);
