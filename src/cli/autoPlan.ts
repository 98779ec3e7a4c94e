import { families } from '../models/registry.js';
import type { Plan } from '../runs/auto/plan.js';
import { formatDuration, type LogFormat, printJson, printLine, printNotice } from './output.js';

/** Prints what `auto` chose for a budget in seconds, and why. */
export function printPlan(plan: Plan, budget: number, logFormat: LogFormat): void {
  const { candidate, secondsPerImage, epochs, wanted, choices, withoutWeights, isEnough } = plan;
  const { model, imageSize, weights, options } = candidate;
  const rate = 1 / secondsPerImage;
  if (logFormat === 'json') {
    printJson({
      ...{ event: 'choice', model, ...options, image_size: imageSize, weights, epochs, budget },
      ...{ images_per_second: rate, choices, without_weights: withoutWeights, enough: isEnough },
    });
    return;
  }
  const name = families.labelOf(model, options);
  printLine(
    `model: ${name} at ${imageSize}×${imageSize}, ${weights === undefined ? 'from scratch' : `from ${weights}`}`,
  );
  const which = choices === 1 ? 'the only one that was to choose from' : `one of ${choices} models and sizes`;
  const time = formatDuration(budget);
  printLine(
    isEnough
      ? `why: ${which}; at a measured ${rate.toFixed(0)} images/s it gets ${epochs} of ${wanted} useful epochs within ${time}`
      : `why: ${which}; even the fastest, at a measured ${rate.toFixed(0)} images/s, gets only ${epochs} of ${wanted} useful epochs within ${time}: a longer --budget gives a better model`,
  );
  if (withoutWeights !== undefined)
    printNotice(
      `there are no pretrained weights (${withoutWeights}): trained from scratch, the model needs far more images for the same accuracy; --pretrained takes a file`,
    );
}
