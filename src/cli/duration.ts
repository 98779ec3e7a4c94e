import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Reads a time such as `90s`, `10m`, `2h` or `1h30m`, in seconds. */
export function parseDuration(value: string): number {
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)([smh])/gy)];
  const seconds = parts.reduce((total, [, number, unit]) => total + Number(number) * UNITS[unit!]!, 0);
  if (parts.map(([part]) => part).join('') !== value || seconds <= 0)
    throw new InvalidArgumentError('It must be a time above 0 such as 90s, 10m, 2h or 1h30m.');
  return seconds;
}
