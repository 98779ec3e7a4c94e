import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses } from './fixtures/images.js';
import { biasloss, eventsOf, TRAIN_SMALL } from './fixtures/process.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const PACKAGE = new URL('../../../package.json', import.meta.url);

/** Runs Node and returns what it printed. */
function node(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('the command’s start', () => {
  it('prints the version before anything but Node’s own files is loaded', () => {
    const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
    const ended = node(MAIN, '--version');
    assert.deepEqual([ended.stdout, ended.status], [`${version}\n`, 0]);
    const imports = [...readFileSync(MAIN, 'utf8').matchAll(/^import .* from '(.*)'/gm)];
    assert.deepEqual(
      imports.map(([, specifier]) => specifier),
      ['node:fs'],
    );
  });

  it('tells an old Node what is needed in a sentence', () => {
    const old = `Object.defineProperty(process.versions, 'node', { value: '16.20.2' });
      Object.defineProperty(process, 'version', { value: 'v16.20.2' });`;
    const ended = node('--import', `data:text/javascript,${encodeURIComponent(old)}`, MAIN, 'info');
    assert.match(ended.stderr, /^error: biasloss needs Node\.js \d+[\d.]* or newer; this is v16\.20\.2\n$/);
    assert.equal(ended.status, 1);
  });

  it('is written so that an old Node can read it', () => {
    const text = readFileSync(MAIN, 'utf8');
    for (const syntax of [/\?\?/, /\?\./, /\|\|=/, /^await /m, /\.at\(/, /static \{/])
      assert.ok(!syntax.test(text), String(syntax));
  });

  it('says that the working directory is gone', () =>
    withFolder(async (cwd) => {
      mkdirSync(join(cwd, 'gone'));
      const shell = 'rmdir ../gone; "$@"';
      const { code, stderr } = await biasloss(['doctor'], { cwd: join(cwd, 'gone'), shell });
      assert.equal(stderr, 'error: the working directory no longer exists: change to another one\n');
      assert.equal(code, 1);
    }));

  it('says that there are too few file descriptors, and leaves nothing behind', () =>
    withFolder(async (cwd) => {
      for (const limit of [24, 34]) {
        const { code, stderr } = await biasloss([...TRAIN_SMALL, '--workers=8'], {
          cwd,
          shell: `ulimit -n ${limit}; exec "$@"`,
        });
        assert.match(stderr, /^error: this needs more open files than the system allows a process.*\n$/);
        assert.equal(code, 1);
        assert.deepEqual(readdirSync(cwd), []);
      }
    }));
});

describe('--log-format json', () => {
  it('makes errors records, of the parser too', async () => {
    const cases = [
      [
        ['train', '--log-format=json', '--epoch=3'],
        2,
        /^unknown option '--epoch=3' \(Did you mean --epochs\?\)$/,
      ],
      [['train', '--log-format', 'json', '--data=cifar100', '--data-path=none'], 1, /^no CIFAR-100 at /],
      [['test', '--log-format=json', '--checkpoint=none'], 1, /^none cannot be read/],
    ] as const;
    for (const [args, exitCode, message] of cases) {
      const { code, stderr, stdout } = await biasloss(args);
      const [record] = eventsOf(stderr);
      assert.equal(record!.event, 'error');
      assert.match(String(record!.message), message);
      assert.deepEqual([record!.exit_code, code, stdout], [exitCode, exitCode, '']);
      assert.equal(eventsOf(stderr).length, 1);
    }
  });

  it('makes records of info, doctor and check-data', () =>
    withFolder(async (cwd) => {
      const info = await biasloss(['info', '--model=resnet18', '--log-format=json']);
      const [model] = eventsOf(info.stdout);
      assert.equal(model!.parameters, 11_220_132);
      assert.ok(Array.isArray(model!.stages));
      const doctor = await biasloss(['doctor', '--log-format=json']);
      const [machine] = eventsOf(doctor.stdout);
      assert.equal(machine!.node, process.version);
      const engines = machine!.engines as Record<
        string,
        { readonly found: boolean; readonly description: string }
      >;
      assert.equal(engines.onnx!.found, true);
      assert.doesNotMatch(engines.webgpu!.description, /ended the process/, 'it was tried');
      const { found, description } = machine!.jpeg as {
        readonly found: boolean;
        readonly description: string;
      };
      assert.match(description, found ? /^TurboJPEG [23] \(/ : /./);
      await drawClasses(join(cwd, 'images'), ['a', 'b'], 2);
      writeFileSync(join(cwd, 'images', 'a', 'empty.png'), '');
      const checked = await biasloss(['check-data', 'images', '--log-format=json'], { cwd });
      const [report] = eventsOf(checked.stdout);
      assert.equal(report!.event, 'data');
      const [part] = report!.parts as { readonly empty: readonly string[] }[];
      assert.deepEqual(part!.empty, ['a/empty.png']);
      assert.equal(eventsOf(checked.stderr)[0]!.event, 'error');
      assert.equal(checked.code, 1);
    }));
});

describe('biasloss completion', () => {
  const scripts = new Map<string, string>();
  const scriptOf = (shell: string): string => {
    const script = scripts.get(shell) ?? node(MAIN, 'completion', shell).stdout;
    scripts.set(shell, script);
    return script;
  };
  /** What bash offers for a line that ends in the word to complete. */
  const offered = (...words: string[]): string[] => {
    const script = scriptOf('bash');
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const run = `${script}\nCOMP_WORDS=(biasloss ${quoted}); COMP_CWORD=${words.length}; _biasloss; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', run], { encoding: 'utf8' }).stdout.trim().split('\n');
  };

  it('offers commands, flags and values in bash', () => {
    assert.deepEqual(offered('tr'), ['train']);
    assert.deepEqual(offered('train', '--mil'), ['--milestones']);
    assert.deepEqual(offered('train', '--sched'), ['--schedule']);
    assert.deepEqual(offered('train', '--schedule', 'c'), ['cosine']);
    assert.deepEqual(offered('completion', 'f'), ['fish']);
    assert.ok(offered('info', '').length > 0);
  });

  it('has every flag of train for each shell', async () => {
    const { stdout } = await biasloss(['train', '--help']);
    const flags = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag!);
    assert.ok(flags.length > 30);
    for (const shell of ['bash', 'zsh', 'fish']) {
      const script = scriptOf(shell);
      for (const flag of flags)
        assert.ok(script.includes(shell === 'fish' ? `-l ${flag.slice(2)}` : flag), `${shell} ${flag}`);
    }
  });
});

describe('biasloss quickstart', () => {
  it('takes --threads, and refuses what no machine bears before it makes anything', () =>
    withFolder(async (cwd) => {
      const { code, stderr } = await biasloss(['quickstart', '--threads=100000'], { cwd });
      assert.match(stderr, /^error: --threads must be at most/);
      assert.equal(code, 2);
      assert.deepEqual(readdirSync(cwd), []);
    }));
});
