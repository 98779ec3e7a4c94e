import type { RunListener } from '../runs/runEvents.js';
import { flagOf } from './flagNames.js';
import { printNotice } from './output.js';
import { ProgressLine } from './progressLine.js';

/** Prints what is reported while a run is opened and prepared: notices, download progress and the indexing of archives. */
export function runLog(): RunListener {
  const line = new ProgressLine(process.stderr);
  return (event) => {
    if (event.event === 'notice') {
      printNotice(event.named(flagOf));
      return;
    }
    if (event.event === 'indexing') {
      const { done, total } = event;
      if (done >= total) line.clear();
      else line.update(done / total, `indexing archives: ${done}/${total}`);
      return;
    }
    const { data, received, total = Infinity } = event;
    if (received >= total) line.clear();
    else line.update(received / total, `fetching ${data}: ${(received / 1e6).toFixed(1)} MB`);
  };
}
