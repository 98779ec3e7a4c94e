import { BackendServer } from './backendServer.js';
import { serveCalls } from './channel/callServer.js';
import { threadEnd } from './channel/node.js';
import type { EngineCalls } from './engineCalls.js';

serveCalls<EngineCalls>(threadEnd(), new BackendServer().handlers);
