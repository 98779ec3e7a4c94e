/** The static site: a model is trained, and models are tried, in the visitor's browser. */
import { render } from 'preact';
import { SiteApp } from './SiteApp.jsx';

render(<SiteApp />, document.getElementById('page')!);
