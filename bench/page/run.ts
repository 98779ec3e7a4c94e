import type { Browser } from 'playwright-core';
import { errorMessage, UserError } from '../../src/errors.js';
import { launchChromium, withoutChromium } from '../../test/browser/fixtures/chromium.js';
import { type Site, withSite } from '../../test/browser/fixtures/site.js';
import { alternate, warmUp } from '../alternate.js';
import { type Contestant, startInNode, startInPage } from './contestant.js';
import type { NetName } from './nets.js';
import { INSTALL, missingPackages, ourSite, PEERS, peerSite } from './site.js';
import { type PageResult, pageTable } from './tables.js';

/** What `bench page` is told. */
export interface PageOptions {
  readonly nets: readonly NetName[];
  readonly threads: number;
  readonly rounds: number;
  /** Steps of a block; by default as many as last about a second. */
  readonly steps?: number | undefined;
  /** Folder that the peers' packages are installed in. */
  readonly peers?: string | undefined;
}

/** A page that takes part. */
interface Entry {
  readonly name: string;
  readonly site: Site;
}

/** Steps whose losses are compared: all sides begin with the same numbers. */
const COMPARED = 3;
/** Greatest difference of two sides' losses, relative. */
const AGREEMENT = 1e-4;

/**
 * Trains small networks in isolated pages of one Chromium without a window, on WebAssembly, and on ONNX Runtime in Node, in turn.
 *
 * @returns the table
 * @throws UserError without Chromium, or when a side's losses differ from ours
 */
export async function timePages(options: PageOptions, progress: (text: string) => void): Promise<string> {
  if (withoutChromium) throw new UserError(withoutChromium);
  const entries = [{ name: 'ours', site: await ourSite() }, ...(await peersOf(options.peers, progress))];
  const browser = await launchChromium();
  const results: PageResult[] = [];
  try {
    for (const net of options.nets)
      results.push(...(await timeNet(net, { browser, entries }, options, progress)));
  } finally {
    await browser.close();
  }
  return pageTable(results);
}

/** Pages of the peers that are installed; the others are named. */
async function peersOf(folder: string | undefined, progress: (text: string) => void): Promise<Entry[]> {
  if (folder === undefined) {
    progress(`this library alone; peers: ${INSTALL}, then --peers DIR`);
    return [];
  }
  const entries: Entry[] = [];
  for (const peer of PEERS) {
    const missing = missingPackages(peer, folder);
    if (missing.length === 0) entries.push({ name: peer.name, site: await peerSite(peer, folder) });
    else progress(`${peer.name} is left out: ${folder} lacks ${missing.join(' and ')} (${INSTALL})`);
  }
  return entries;
}

async function timeNet(
  net: NetName,
  { browser, entries }: { readonly browser: Browser; readonly entries: readonly Entry[] },
  { threads, rounds, steps }: PageOptions,
  progress: (text: string) => void,
): Promise<PageResult[]> {
  const started: Contestant[] = [];
  const task = { net, threads };
  return withSites(
    entries.map(({ site }) => site),
    async (addresses) => {
      try {
        for (const [i, { name }] of entries.entries()) {
          progress(`net ${net}: starting ${name}`);
          started.push(await named(name, () => startInPage(name, { browser, address: addresses[i]! }, task)));
        }
        started.push(await startInNode(task));
        const entrants: { candidate: Contestant; steps: number }[] = [];
        for (const candidate of started) entrants.push({ candidate, ...(await warmUp(candidate, steps)) });
        checkLosses(started);
        progress(`net ${net}: ${rounds} rounds of ${started.map(({ name }) => name).join(', ')}`);
        const seconds = await alternate(entrants, rounds);
        return started.map((contestant, i) => resultOf(net, contestant, seconds[i]!));
      } finally {
        for (const contestant of started) await contestant.close();
      }
    },
  );
}

function resultOf(net: NetName, contestant: Contestant, seconds: PageResult['seconds']): PageResult {
  const { name, version, startSeconds, firstSeconds } = contestant;
  return { net, name, version, startSeconds, firstSeconds, peakBytes: contestant.peakBytes(), seconds };
}

/** Runs `body` with a server for each site. */
async function withSites<T>(
  sites: readonly Site[],
  body: (addresses: readonly string[]) => Promise<T>,
): Promise<T> {
  const results: T[] = [];
  const serve = async (addresses: readonly string[]): Promise<void> => {
    const site = sites[addresses.length];
    if (site) await withSite(site, (address) => serve([...addresses, address]));
    else results.push(await body(addresses));
  };
  await serve([]);
  return results[0]!;
}

/** Runs something whose errors say whose they are. */
async function named<T>(name: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw new UserError(`${name}: ${errorMessage(error)}`);
  }
}

/**
 * Whoever computes something else is not to be compared.
 *
 * @throws UserError naming a side whose losses differ from the first one's
 */
export function checkLosses(sides: readonly Pick<Contestant, 'name' | 'losses'>[]): void {
  const [first, ...others] = sides;
  for (const { name, losses } of others)
    for (let step = 0; step < COMPARED; step++) {
      const [expected, found] = [first!.losses[step]!, losses[step]!];
      if (!(Math.abs(found - expected) <= AGREEMENT * Math.abs(expected)))
        throw new UserError(
          `${name} trains something else: its loss of step ${step} is ${found}, not ${expected}`,
        );
    }
}
