import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { errorMessage, UserError } from '../../errors.js';
import { codeOf } from '../../realms.js';
import type { TrainCommands } from '../../runs/process/runProcess.js';
import { DataFolders } from './data/dataFolders.js';
import { MarkedFiles } from './data/markedFiles.js';
import { type Int8Command, Int8Exports } from './int8Exports.js';
import { Questions } from './questions/questions.js';
import { RunIndex } from './runIndex.js';
import { RunProcesses } from './runProcesses.js';
import { readSite } from './siteFiles.js';
import { studioApp } from './studioApp.js';
import { findWebRuntime } from './webRuntime.js';

/** Options of {@link startStudio}. */
export interface StudioOptions {
  /** The folder of runs. */
  readonly runs: string;
  /** Folders of images that may be looked at, besides those of the runs. Default: none. */
  readonly data?: readonly string[] | undefined;
  /** 0: any free port. */
  readonly port: number;
  /** Address or name to listen on. Default 127.0.0.1: this machine alone. */
  readonly host?: string | undefined;
  /** How runs are started and resumed. */
  readonly train: TrainCommands;
  /** How a model is exported in 8-bit integers. */
  readonly int8: Int8Command;
  /** Folder of the built page. Default: the package's own. */
  readonly site?: string | undefined;
  /** Folder of onnxruntime-web's files. Default: where it is installed, if it is. */
  readonly runtime?: string | undefined;
  /** Milliseconds that a client has to send a request. Default 30 seconds. */
  readonly patience?: number | undefined;
}

/** A studio that answers. */
export interface Studio {
  /** Where the page is, without the token. */
  readonly address: string;
  /** What starting and stopping runs, evaluating models and looking at data need. */
  readonly token: string;
  /** Stops the runs that it has started, with their state saved, and closes the server. @returns their ids */
  close(): Promise<string[]>;
}

/** Connections at a time, at most. */
const MOST_CONNECTIONS = 256;

/**
 * Starts the studio's server.
 *
 * @throws UserError when the page is not built, or the port is in use
 */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const { runs, train, host = '127.0.0.1', port } = options;
  const root = resolve(runs);
  const processes = new RunProcesses(root, train);
  const token = randomBytes(24).toString('base64url');
  const names = [hostname(), ...(isIP(host) === 0 ? [host] : [])].map((name) => name.toLowerCase());
  const index = new RunIndex(root);
  const questions = new Questions();
  const checks = new Questions();
  const int8 = new Int8Exports(options.int8);
  const app = studioApp({
    ...{ folder: runs, index, processes, questions, checks, int8, token, names },
    folders: new DataFolders(options.data ?? [], index),
    marks: new MarkedFiles(root),
    site: readSite(options.site),
    runtime: options.runtime ?? findWebRuntime(),
  });
  const server = serverOf(getRequestListener(app.fetch, { overrideGlobalObjects: false }), options.patience);
  await listen(server, port, host);
  // All files are read while the page is being opened: the first list is as quick as later ones.
  setImmediate(() => index.warm());
  const { port: bound } = server.address() as AddressInfo;
  return {
    address: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}/`,
    token,
    close: async () => {
      questions.close();
      checks.close();
      int8.close();
      const stopped = await processes.close();
      server.closeAllConnections();
      server.close();
      return stopped;
    },
  };
}

/** A server that does not wait long for a client that sends slowly. */
function serverOf(listener: ReturnType<typeof getRequestListener>, patience = 30_000): Server {
  const timeouts = {
    headersTimeout: patience,
    requestTimeout: patience,
    connectionsCheckingInterval: Math.min(patience, 5000),
  };
  const server = createServer({ ...timeouts, maxHeaderSize: 16 * 1024 }, (request, response) => {
    void listener(request, response);
  });
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE')
      throw new UserError(`port ${port} is in use: give another, or 0 for one that is free`);
    throw new UserError(`the studio cannot listen on ${host}, port ${port}: ${errorMessage(error)}`);
  }
}
