import { UserError } from '../../errors.js';

/** Environment variable that says whether ways to compute something are measured. */
const TUNE_VARIABLE = 'BIASLOSS_TUNE';

const modes = ['on', 'off', 'refresh'] as const;

/**
 * `on` (default); `off`: never; `refresh`: what was measured before counts no more, and what is measured now counts for good, however
 * busy the machine is.
 */
export type TuneMode = (typeof modes)[number];

/**
 * When to measure.
 *
 * @param environment where `BIASLOSS_TUNE` may say it
 * @throws UserError when it says anything else
 */
export function readTuneMode(environment: Readonly<Record<string, string | undefined>>): TuneMode {
  const value = environment[TUNE_VARIABLE] ?? 'on';
  const mode = modes.find((name) => name === value);
  if (mode === undefined)
    throw new UserError(`${TUNE_VARIABLE} must be one of ${modes.join(', ')}, not ${JSON.stringify(value)}`);
  return mode;
}

/**
 * The time from which choices count that several engines of this process share: with `refresh` since the process began, so that the first
 * of them measures and the others take what it found.
 */
export function countsFrom(mode: TuneMode): number {
  return mode === 'refresh' ? Date.now() - 1000 * process.uptime() : 0;
}
