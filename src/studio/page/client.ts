import type { ErrorAnswer } from '../api.js';

const TOKEN = 'biasloss studio token';

/** Keeps the token of the page's address for this tab, and takes it out of the address. */
export function takeToken(): void {
  const [, token] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (token === undefined) return;
  sessionStorage.setItem(TOKEN, token);
  history.replaceState(null, '', '#/runs');
}

/** Whether the page has a token, without which runs cannot be started or stopped. */
export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null;
}

/** Asks the studio for something. @throws Error with the studio's sentence */
export async function ask<T>(path: string): Promise<T> {
  return answerOf<T>(await fetch(path));
}

/** Tells the studio to do something. @throws Error with the studio's sentence */
export async function tell<T>(path: string, body: object = {}, signal?: AbortSignal): Promise<T> {
  const headers = { ...authorization(), 'content-type': 'application/json' };
  return answerOf<T>(
    await fetch(path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      ...(signal && { signal }),
    }),
  );
}

/** Asks the studio for something that needs the token. @throws Error with the studio's sentence */
export async function askWithToken<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answerOf<T>(await fetch(path, { headers: authorization(), ...(signal && { signal }) }));
}

/** Asks the studio for bytes that need the token. @throws Error with the studio's sentence */
export async function askBytes(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path, { headers: authorization(), ...(signal && { signal }) });
  if (!response.ok) throw new Error(((await response.json()) as ErrorAnswer).error);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Tells the studio to do something that takes long, of which it gives news, a line of JSON each.
 *
 * @throws Error with the studio's sentence
 */
export async function tellForNews<T>(
  path: string,
  onNews: (news: T) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(path, { method: 'POST', headers: authorization(), signal });
  if (!response.ok) throw new Error(((await response.json()) as ErrorAnswer).error);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onNews(JSON.parse(line) as T);
  }
}

function authorization(): Record<string, string> {
  return { authorization: `Bearer ${sessionStorage.getItem(TOKEN) ?? ''}` };
}

async function answerOf<T>(response: Response): Promise<T> {
  const answer = (await response.json()) as T | ErrorAnswer;
  if (response.ok) return answer as T;
  throw new Error((answer as ErrorAnswer).error);
}

/** The part of an address that says which run. */
export function runQuery(id: string): string {
  return `run=${encodeURIComponent(id)}`;
}
