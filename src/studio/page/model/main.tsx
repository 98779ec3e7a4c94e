/** The page of one exported model. */
import { render } from 'preact';
import { ModelApp } from './ModelApp.jsx';

render(<ModelApp />, document.getElementById('page')!);
