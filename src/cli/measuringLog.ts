import { cacheFolder, homeFolder, isWritable } from '../cacheFolder.js';
import type { Measuring, MeasuringListener } from '../engines/engine.js';
import { noticesAreJson, printRecord } from './output.js';
import { ProgressLine } from './progressLine.js';

/** Milliseconds between records. */
const RECORD_INTERVAL = 1000;

/**
 * Shows on standard error how far an engine is with measuring: on the progress line, or where notices are JSON in a record `measuring`, at once
 * and once a second.
 */
export function measuringLog(): MeasuringListener {
  const line = new ProgressLine(process.stderr);
  let printedAt = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const { done, total } = progress;
    if (done >= total) line.clear();
    else if (!noticesAreJson()) line.update(done / total, measuringText(progress));
    else if (performance.now() - printedAt >= RECORD_INTERVAL) {
      printedAt = performance.now();
      printRecord({ event: 'measuring', convolutions: done, of_convolutions: total });
    }
  };
}

/** `measuring convolutions 12/41 for this processor (once; kept in ~/.cache/biasloss/onednn)`, without the brackets where nothing can be kept. */
export function measuringText({ done, total }: Measuring): string {
  const text = `measuring convolutions ${done}/${total} for this processor`;
  const folder = cacheFolder('onednn');
  if (folder === undefined || !isWritable(folder)) return text;
  const home = homeFolder();
  const isAtHome = home !== undefined && folder.startsWith(`${home}/`);
  return `${text} (once; kept in ${isAtHome ? `~${folder.slice(home.length)}` : folder})`;
}
