import type { RunListener } from '../runs/runEvents.js';
import { flagOf } from './flagNames.js';
import { measuringLog } from './measuringLog.js';
import { printNotice } from './output.js';
import { ProgressLine } from './progressLine.js';

/** Prints what is reported of a run besides its trainer's events: notices, download progress, the indexing of archives and measurements. */
export function runLog(): RunListener {
  const line = new ProgressLine(process.stderr);
  const measuring = measuringLog();
  return (event) => {
    if (event.event === 'notice') {
      printNotice(event.named(flagOf));
      return;
    }
    if (event.event === 'measuring') {
      measuring(event);
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
