import { BackendServer } from './backendServer.js';
import { reporter, serveCalls } from './channel/callServer.js';
import { threadEnd } from './channel/node.js';
import type { EngineCalls } from './engineCalls.js';
import { type BackendModule, loadBackend } from './loadBackend.js';

const end = threadEnd();
serveCalls<EngineCalls<BackendModule>>(end, new BackendServer(loadBackend, reporter(end)).handlers);
