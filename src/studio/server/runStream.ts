import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { RunChanges } from '../api.js';

/** Milliseconds between looks at the folder of runs. */
const INTERVAL = 1000;

/** Milliseconds after which a stream without news sends an empty message, so that a lost reader is noticed. */
const SIGN_OF_LIFE = 15_000;

/** Streams at a time, at most. */
const MOST_STREAMS = 64;

let open = 0;

/**
 * Streams changes as server-sent events `runs`, the first with all of them. A slow reader gets fewer messages: the next is made when
 * the last one has been taken.
 */
export function streamChanges(context: Context, next: () => RunChanges): Response {
  if (open >= MOST_STREAMS) return Response.json({ error: 'too many pages watch the runs' }, { status: 503 });
  open++;
  return streamSSE(context, async (stream) => {
    try {
      let saidAt = Number.NEGATIVE_INFINITY;
      while (!stream.aborted && !stream.closed) {
        const changes = next();
        const isNews = changes.changed.length + changes.removed.length + changes.failed.length > 0;
        if (isNews || performance.now() - saidAt > SIGN_OF_LIFE) {
          await stream.writeSSE({ event: 'runs', data: JSON.stringify(changes) });
          saidAt = performance.now();
        }
        await stream.sleep(INTERVAL);
      }
    } finally {
      open--;
    }
  });
}
