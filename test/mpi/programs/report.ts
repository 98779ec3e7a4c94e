import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Hands a rank's record to the test: in a file of its own, since what ranks print at once is mixed. */
export function report<T extends { readonly rank: number }>(record: T): void {
  const text = JSON.stringify(record);
  const folder = process.env.BIASLOSS_TEST_RECORDS;
  if (folder === undefined) process.stdout.write(text);
  else writeFileSync(join(folder, `${record.rank}.json`), text);
}
