import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import type { TestContext } from 'node:test';

/** Starts a server on a free port of this machine, until the test ends. @returns its URL, without a slash at the end */
export async function listening(t: Pick<TestContext, 'after'>, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}
