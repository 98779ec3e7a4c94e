import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.js';
import { causeOf } from '../download/causeOf.js';
import type { FileVersion } from './fileVersion.js';
import { type RangeRequest, Receipt, requestRange } from './requestRange.js';
import { plainPath } from './url.js';

/** How patiently a server is asked. */
export interface Patience {
  /** Attempts without any progress before giving up. Default 10, which with the delays is a minute and a half. */
  readonly attempts?: number | undefined;
  /** Milliseconds before the second attempt; doubled each time, up to half a minute. Default 250. */
  readonly retryDelayMs?: number | undefined;
  /** Milliseconds without a byte after which a connection counts as broken. Default 30000. */
  readonly stallMs?: number | undefined;
}

const LONGEST_DELAY_MS = 30_000;

/**
 * Reads bytes of a file on a server by range requests. Attempts that fail are repeated, from the bytes on that have arrived.
 *
 * @returns fewer bytes where the file ends, and the file's version
 * @throws UserError when the file is missing, has changed or cannot be reached, or the server does not answer range requests
 */
export async function readRange(
  request: RangeRequest,
  { attempts = 10, retryDelayMs = 250, stallMs = 30_000 }: Patience = {},
): Promise<{ readonly bytes: Uint8Array; readonly version: FileVersion }> {
  if (request.length === 0 && request.version) return { bytes: Buffer.alloc(0), version: request.version };
  const receipt = new Receipt(request);
  for (let failures = 0; ; ) {
    const before = receipt.count;
    try {
      await requestRange(receipt, stallMs);
      return receipt.whole();
    } catch (error) {
      if (error instanceof UserError) throw error;
      failures = receipt.count > before ? 1 : failures + 1;
      if (failures >= attempts)
        throw new UserError(
          `${plainPath(request.url)} could not be read: ${causeOf(error)} (tried ${attempts} times)`,
        );
    }
    await sleep(Math.min(retryDelayMs * 2 ** (failures - 1), LONGEST_DELAY_MS));
  }
}
