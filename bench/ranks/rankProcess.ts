/** What the first rank measured. */
export interface RankTimes {
  /** Of each step. */
  readonly seconds: readonly number[];
  readonly version: string;
}

/** The times that the first rank printed. */
export function resultOf(text: string): RankTimes {
  const line = text.split('\n').find((each) => each.startsWith('{'));
  if (line === undefined) throw new Error(`the first rank printed no times: ${text}`);
  return JSON.parse(line) as RankTimes;
}
