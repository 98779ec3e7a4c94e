import { BackendServer } from './backendServer.js';
import { reporter, serveCalls } from './channel/callServer.js';
import { threadEnd } from './channel/node.js';
import type { EngineCalls } from './engineCalls.js';
import { type BackendModule, loadBackend } from './loadBackend.js';

const end = threadEnd();
const server = new BackendServer(loadBackend, reporter(end));
serveCalls<EngineCalls<BackendModule>>(end, server.handlers, server.mayStart);
