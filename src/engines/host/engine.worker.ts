import { BackendServer } from './backendServer.js';
import { serveCalls } from './channel/callServer.js';
import { threadEnd } from './channel/node.js';
import type { EngineCalls } from './engineCalls.js';
import { type BackendModule, loadBackend } from './loadBackend.js';

serveCalls<EngineCalls<BackendModule>>(threadEnd(), new BackendServer(loadBackend).handlers);
