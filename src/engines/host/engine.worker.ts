import { parentPort } from 'node:worker_threads';
import { BackendServer } from './backendServer.js';
import { post, type Request } from './protocol.js';

const port = parentPort;
if (!port) throw new Error('engine.worker runs in a worker thread alone');
const server = new BackendServer();
port.on('message', (request: Request) => {
  server.receive(request, (response, transfer) => post(port, response, transfer));
});
