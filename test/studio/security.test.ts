/** What the studio's server refuses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { int8Command, trainCommands } from '../../src/cli/trainCommands.js';
import { type Studio, startStudio } from '../../src/studio/server/studio.js';
import { ask, tell, withStudio, writeRun } from './fixtures/studio.js';

const errorOf = (body: string): string => (JSON.parse(body) as { error: string }).error;

describe('a studio', () => {
  it('answers under this machine’s names alone, so that no other name can be pointed at it', () =>
    withStudio(async (studio) => {
      for (const host of ['localhost:6007', '127.0.0.1', '[::1]:80', '192.168.1.7:8080'])
        assert.equal((await ask(studio, '/api/runs', { headers: { host } })).status, 200, host);
      for (const host of ['evil.example', 'localhost.evil.example:6007', '127.0.0.1.nip.io']) {
        const { status, body } = await ask(studio, '/api/runs', { headers: { host } });
        assert.equal(status, 421, host);
        assert.ok(!body.includes('[]'));
      }
    }));

  it('answers no page of another origin', () =>
    withStudio(async (studio) => {
      const { host } = new URL(studio.address);
      assert.equal((await ask(studio, '/api/runs', { headers: { origin: `http://${host}` } })).status, 200);
      for (const origin of [
        'http://evil.example',
        'null',
        'http://localhost:1',
        `http://${host}.evil.example`,
      ])
        assert.equal((await ask(studio, '/api/runs', { headers: { origin } })).status, 403, origin);
      for (const site of ['cross-site', 'same-site']) {
        const headers = { 'sec-fetch-site': site };
        assert.equal((await ask(studio, '/api/runs', { headers })).status, 403, site);
        assert.equal((await ask(studio, '/', { headers })).status, 200, 'a link to the page');
      }
    }));
});

describe('a studio’s page', () => {
  it('allows its page no other host, no frame around it, and threads', () =>
    withStudio(async (studio) => {
      const { headers } = await ask(studio, '/');
      const policy = headers['content-security-policy'] as string;
      for (const part of [
        "default-src 'none'",
        "connect-src 'self'",
        "script-src 'self'",
        "frame-ancestors 'none'",
      ])
        assert.ok(policy.includes(part), policy);
      assert.ok(!/unsafe-inline|'unsafe-eval'|https?:|\*/.test(policy), policy);
      assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }));
});

describe('files that a studio gives', () => {
  it('gives files of the page and of runs alone, whatever the path', () =>
    withStudio(async (studio, runs, folder) => {
      writeFileSync(join(folder, 'metrics.csv'), 'epoch\n1\n');
      writeRun(runs, 'one', { epochs: 2 });
      const outside = [
        '/../metrics.csv',
        '/assets/../../metrics.csv',
        '/%2e%2e/metrics.csv',
        '/..%2fmetrics.csv',
        '//etc/passwd',
      ];
      for (const path of outside) assert.equal((await ask(studio, path)).status, 404, path);
      const runPaths = ['..', '.', '/', 'one/..', '..%2F..', 'one%00', '/etc', 'one/.', '%2e%2e/runs/one'];
      for (const run of runPaths) {
        const { status, body } = await ask(studio, `/api/metrics.csv?run=${run}`);
        assert.equal(status, 400, run);
        assert.match(errorOf(body), /^there is no run /);
      }
      assert.equal((await ask(studio, '/api/metrics.csv?run=one')).status, 200);
    }));
});

describe('symbolic links in a studio’s runs', () => {
  it('are not followed out of them', { skip: process.platform === 'win32' }, () =>
    withStudio(async (studio, runs, folder) => {
      writeFileSync(join(folder, 'secret'), 'epoch\n7\n');
      writeRun(folder, 'elsewhere', { epochs: 2 });
      writeRun(runs, 'one', { epochs: 2 });
      symlinkSync(join(folder, 'elsewhere'), join(runs, 'linked'));
      mkdirSync(join(runs, 'files'));
      for (const name of ['config.json', 'metrics.csv', 'report.html'])
        symlinkSync(join(folder, 'secret'), join(runs, 'files', name));
      mkdirSync(join(runs, 'inside'));
      symlinkSync(join(runs, 'one'), join(runs, 'inside', 'linked'));
      const listed = JSON.parse((await ask(studio, '/api/runs')).body) as { id: string; status: string }[];
      assert.deepEqual(
        listed.map(({ id, status }) => `${id} ${status}`),
        ['files damaged', 'inside/linked stopped', 'one stopped'],
      );
      for (const path of ['metrics', 'metrics.csv', 'report']) {
        assert.equal((await ask(studio, `/api/${path}?run=linked`)).status, 400);
        const { status, body } = await ask(studio, `/api/${path}?run=files`);
        assert.equal(status, 400);
        assert.match(errorOf(body), /is a symbolic link that leads out of the run's folder$/);
      }
    }),
  );
});

describe('requests that a studio refuses', () => {
  it('starts, resumes and stops nothing without its token', () =>
    withStudio(async (studio, runs) => {
      writeRun(runs, 'one', { epochs: 2 });
      for (const path of ['start', 'resume?run=one', 'stop?run=one'])
        for (const authorization of ['', 'Bearer ', `Bearer ${studio.token}x`, `Basic ${studio.token}`]) {
          const asked = { method: 'POST', headers: { authorization }, body: '{"settings":{}}' };
          assert.equal(
            (await ask(studio, `/api/runs/${path}`, asked)).status,
            401,
            `${path}, ${authorization}`,
          );
        }
      assert.equal((await ask(studio, '/api/runs/start')).status, 401, 'GET');
      assert.equal((await tell(studio, '/api/runs/stop?run=one')).status, 400, 'it is not running');
    }));

  it('refuses large bodies, by their length or by what comes', () =>
    withStudio(async (studio) => {
      const authorization = `Bearer ${studio.token}`;
      const body = JSON.stringify({ settings: {}, name: 'x'.repeat(70_000) });
      const told = { method: 'POST', headers: { authorization }, body };
      assert.equal((await ask(studio, '/api/runs/start', told)).status, 413);
      const chunked = { ...told, headers: { authorization, 'transfer-encoding': 'chunked' } };
      assert.equal((await ask(studio, '/api/runs/start', chunked)).status, 413);
    }));
});

/** The status and the sentence with which a studio answers bytes that are sent as they are. */
async function answerTo({ address, token }: Studio, path: string, rest: string): Promise<[number, string]> {
  const { hostname, port, host } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n${rest}`,
  );
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += part as string;
  return [Number(text.split(' ')[1]), /"error":"([^"]*)/.exec(text)?.[1] ?? ''];
}

describe('a request to a studio whose length is not told', () => {
  it('is answered as any other', () =>
    withStudio(async (studio, runs) => {
      writeRun(runs, 'one', { epochs: 2 });
      for (const [what, rest] of [
        ['without a body', '\r\n'],
        ['in pieces', 'transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
      ] as const) {
        const answer = (path: string) => answerTo(studio, path, rest);
        const [status, sentence] = await answer('/api/runs/stop?run=one');
        assert.deepEqual([status, /has not started/.test(sentence)], [400, true], what);
        for (const path of ['model/variances?run=one', 'data/check?folder=x', 'data/mark?folder=x'])
          assert.equal((await answer(`/api/${path}`))[0], 400, `${path} ${what}`);
        const [resumed, why] = await answer('/api/runs/resume?run=none');
        assert.deepEqual([resumed, /there is no run/.test(why)], [400, true], what);
        const [started, reason] = await answer('/api/runs/start');
        assert.deepEqual([started, /^the (body of the )?request/.test(reason)], [400, true], what);
      }
    }));
});

describe('starting a run in a studio', () => {
  it('refuses what is no request to start a run, in a sentence', () =>
    withStudio(async (studio) => {
      const cases: [body: object, message: RegExp][] = [
        [[], /must be a JSON object/],
        [{}, /must have settings/],
        [{ settings: { baseLr: 'fast' } }, /^baseLr must be a number of at least 0, not "fast"$/],
        [{ settings: { rate: 1 } }, /^rate is not a training setting$/],
        [{ settings: { loss: 'ce', alpha: 1 } }, /^alpha has no effect with loss ce/],
        [{ settings: { epochs: 2, warmupEpochs: 3 } }, /must be below epochs 2$/],
        [{ settings: {}, name: '../x' }, /^the name must be letters/],
        [{ settings: {}, name: '.x' }, /^the name must be letters/],
        [{ settings: {}, command: 'rm' }, /must not have "command"$/],
      ];
      for (const [body, message] of cases) {
        const answer = await tell(studio, '/api/runs/start', body);
        assert.equal(answer.status, 400, answer.body);
        assert.match(errorOf(answer.body), message);
      }
    }));
});

describe('a studio’s server', () => {
  it('does not wait for a client that sends slowly', () =>
    withStudio(
      async (studio) => {
        const { hostname, port } = new URL(studio.address);
        const slow = [
          'GET / HTTP/1.1\r\nHost: localhost\r\n',
          `POST /api/runs/start HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${studio.token}\r\nContent-Length: 100\r\n\r\n{`,
        ];
        for (const start of slow) {
          const socket = connect(Number(port), hostname);
          const begin = performance.now();
          let answer = '';
          socket.setEncoding('utf8').on('data', (text) => {
            answer += text;
          });
          socket.write(start);
          await once(socket, 'close');
          assert.match(answer, /^HTTP\/1\.1 408 /);
          assert.ok(performance.now() - begin < 5000, `${performance.now() - begin} ms`);
          assert.equal((await ask(studio, '/api/runs')).status, 200, 'others are answered');
        }
      },
      { patience: 500 },
    ));

  it('listens on this machine alone, and says when it cannot', () =>
    withStudio(async (studio, runs, folder) => {
      assert.match(studio.address, /^http:\/\/127\.0\.0\.1:\d+\/$/);
      const port = Number(new URL(studio.address).port);
      const options = { runs, port, train: trainCommands, int8: int8Command, site: join(folder, 'site') };
      await assert.rejects(startStudio(options), {
        message: `port ${port} is in use: give another, or 0 for one that is free`,
      });
      await assert.rejects(
        startStudio({ ...options, site: folder }),
        /the studio's page is not built: run npm run build:web/,
      );
    }));
});
