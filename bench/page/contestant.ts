import { existsSync, readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { createEngine } from '../../src/engines/createEngine.js';
import type { Engine } from '../../src/engines/engine.js';
import type { NetName } from './nets.js';
import { ourTrainer } from './ourNet.js';
import { type Calls, callsOf, type Steps } from './training.js';

/** A side in training, which can be timed. */
export interface Contestant {
  readonly name: string;
  readonly version: string;
  /** Loading and starting its code. */
  readonly startSeconds: number;
  /** The first step, with making and compiling the net. */
  readonly firstSeconds: number;
  /** Of all steps so far. */
  readonly losses: readonly number[];
  /** Runs steps and returns the seconds of each. */
  run(steps: number): Promise<readonly number[]>;
  /** The greatest resident size of its page's process so far; undefined where that is not known. */
  peakBytes(): number | undefined;
  close(): Promise<void>;
}

/** Starts a side on a net, and has it run the first step. */
async function start(
  name: string,
  calls: Calls,
  { net, threads }: { readonly net: NetName; readonly threads: number },
): Promise<Omit<Contestant, 'peakBytes'>> {
  const { version, seconds } = await calls.start(threads);
  const first = await calls.first(net);
  const losses = [...first.losses];
  return {
    name,
    version,
    startSeconds: seconds,
    firstSeconds: first.seconds[0]!,
    losses,
    run: async (steps) => {
      const done = await calls.run(steps);
      losses.push(...done.losses);
      return done.seconds;
    },
    close: () => calls.close(),
  };
}

/** Opens a page of its own, and starts the side in it. */
export async function startInPage(
  name: string,
  { browser, address }: { readonly browser: Browser; readonly address: string },
  task: { readonly net: NetName; readonly threads: number },
): Promise<Contestant> {
  const page = await browser.newPage();
  try {
    await page.goto(address);
    await page.waitForFunction('globalThis.calls !== undefined');
    const before = await processorSeconds(browser);
    const contestant = await start(name, callsInPage(page), task);
    const process = busiest(before, await processorSeconds(browser));
    return { ...contestant, peakBytes: () => peakBytesOf(process), close: () => page.close() };
  } catch (error) {
    await page.close();
    throw error;
  }
}

/** Starts this library on ONNX Runtime in Node. */
export async function startInNode(task: {
  readonly net: NetName;
  readonly threads: number;
}): Promise<Contestant> {
  let engine: Engine | undefined;
  const calls = callsOf(async (threads) => {
    engine = await createEngine('onnx', { threads });
    return ourTrainer(engine);
  });
  const contestant = await start('ours in Node', calls, task);
  const close = async (): Promise<void> => {
    await contestant.close();
    await engine?.close();
  };
  return { ...contestant, peakBytes: () => undefined, close };
}

function callsInPage(page: Page): Calls {
  const evaluate = (call: string): Promise<Steps> => page.evaluate(`calls.${call}`);
  return {
    start: (threads) => page.evaluate(`calls.start(${threads})`),
    first: (net) => evaluate(`first(${JSON.stringify(net)})`),
    run: (steps) => evaluate(`run(${steps})`),
    close: () => page.evaluate('calls.close()'),
  };
}

/** Seconds of the processor that each of a browser's pages' processes has used, by process. */
async function processorSeconds(browser: Browser): Promise<Map<number, number>> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  return new Map(renderers.map(({ id, cpuTime }) => [id, cpuTime]));
}

/** The process that has computed most in between: that of the page which did. */
function busiest(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): number | undefined {
  const used = [...after].map(([id, seconds]) => ({ id, seconds: seconds - (before.get(id) ?? 0) }));
  return used.toSorted((a, b) => b.seconds - a.seconds)[0]?.id;
}

/** Linux's record of a process's greatest resident size. */
function peakBytesOf(process: number | undefined): number | undefined {
  const path = `/proc/${process}/status`;
  if (process === undefined || !existsSync(path)) return undefined;
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(path, 'utf8')) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
