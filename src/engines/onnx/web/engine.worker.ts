/** The script of a page's worker, which computes for {@link createWebEngine}. */
import { BackendServer } from '../../host/backendServer.js';
import { serveCalls } from '../../host/channel/callServer.js';
import { type WebWorkerScope, webWorkerEnd } from '../../host/channel/web.js';
import type { EngineCalls } from '../../host/engineCalls.js';
import { createWebBackend, type WebBackendOptions } from './backend.js';

declare const self: WebWorkerScope;

serveCalls<EngineCalls<WebBackendOptions>>(webWorkerEnd(self), new BackendServer(createWebBackend).handlers);
