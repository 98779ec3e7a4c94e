import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, bundlePage, named } from '../../test/browser/fixtures/bundle.js';
import type { Site } from '../../test/browser/fixtures/site.js';

/** A library that trains the same nets, if it is installed. */
export interface Peer {
  readonly name: string;
  /** Packages that its page needs. */
  readonly packages: readonly string[];
  /** The page's script, from the repository's root. */
  readonly script: string;
  /** Files of its packages that the page loads. */
  readonly files: readonly string[];
}

export const PEERS: readonly Peer[] = [
  {
    name: 'TensorFlow.js',
    packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
    script: 'dist/bench/page/peers/tensorflowPage.js',
    files: [
      '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
      '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm',
    ],
  },
  {
    name: 'jax-js',
    packages: ['@jax-js/jax'],
    script: 'dist/bench/page/peers/jaxPage.js',
    files: [],
  },
];

/** How all peers are installed. */
export const INSTALL = `npm install --prefix DIR ${PEERS.flatMap(({ packages }) => packages).join(' ')}`;

const HTML =
  '<!doctype html><title>bench</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>';

/** Packages of a peer that a folder lacks. */
export function missingPackages({ packages }: Peer, folder: string): string[] {
  return packages.filter((name) => !existsSync(join(folder, 'node_modules', name, 'package.json')));
}

/** The site of the page in which this library trains. */
export async function ourSite(): Promise<Site> {
  return { html: HTML, files: await bundlePage('dist/bench/page/oursPage.js'), isolated: true };
}

/** The site of a peer's page. @param folder that its packages are installed in */
export async function peerSite({ script, files }: Peer, folder: string): Promise<Site> {
  const modules = join(folder, 'node_modules');
  const scripts = await bundle({
    entryPoints: { page: script },
    nodePaths: [modules],
    // Required by branches for Node.js, which a page does not take.
    external: ['fs', 'path', 'os', 'worker_threads', 'perf_hooks'],
  });
  const others = files.map((path) => named(path, readFileSync(join(modules, path))));
  return { html: HTML, files: [...scripts.files, ...others], isolated: true };
}
