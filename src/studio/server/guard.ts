import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { ErrorAnswer } from '../api.js';

/** A JSON answer of refusal. */
function refusal(status: number, error: string): Response {
  const answer: ErrorAnswer = { error };
  return Response.json(answer, { status });
}

/**
 * Refuses requests that were not meant for the studio. A page of another host can reach a server on this machine by a name that it
 * has pointed here (DNS rebinding): so the name that was asked for must be `localhost`, a numeric address, or one of `names`. The
 * page of another origin must not ask for anything.
 *
 * @param names other names of this machine, in lower case
 */
export function onlyMeantForUs(names: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    if (!isOurs(host, names))
      return refusal(421, `the studio is not at ${host}: open the address that it printed`);
    const origin = context.req.header('origin');
    if (origin !== undefined && !/^https?:\/\//.test(origin))
      return refusal(403, `pages of ${origin} may not ask`);
    if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host)
      return refusal(403, `pages of ${origin} may not ask`);
    const site = context.req.header('sec-fetch-site') ?? 'none';
    const isPage = context.req.method === 'GET' && context.req.path === '/';
    if (!isPage && site !== 'same-origin' && site !== 'none')
      return refusal(403, 'pages of other sites may not ask');
    await next();
  };
}

function isOurs(host: string, names: readonly string[]): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const address = /^\[(.*)\]$/.exec(name)?.[1] ?? name;
  return name === 'localhost' || isIP(address) !== 0 || names.includes(name);
}

/** Refuses what needs the token that the studio printed. */
export function withToken(token: string): MiddlewareHandler {
  return async (context, next) => {
    const [, given = ''] = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '') ?? [];
    if (!isEqual(given, token))
      return refusal(
        401,
        'starting and stopping runs, evaluating models and looking at data need the token in the address that the studio printed',
      );
    await next();
  };
}

/** Compares in a time that does not depend on where they differ. */
function isEqual(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

/** Headers of every answer: the page asks no other host for anything, nobody frames it, and it may have threads. */
export function protectiveHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
      workerSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    crossOriginEmbedderPolicy: 'require-corp',
    crossOriginOpenerPolicy: 'same-origin',
    crossOriginResourcePolicy: 'same-origin',
    referrerPolicy: 'no-referrer',
    strictTransportSecurity: false,
    // A report has a policy of its own.
    overwrite: false,
  });
}
