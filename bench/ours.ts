/** This library's side of the benchmark: a process that speaks `protocol.ts` and works through the public API. */
import { createInterface } from 'node:readline';
import { errorMessage } from '../src/errors.js';
import type { LogitsReply, MemoryReply, Request, RunReply, SetupReply } from './protocol.js';
import { type Session, setUp } from './session.js';

async function run(session: Session, steps: number): Promise<RunReply> {
  const seconds: number[] = [];
  let loss: number | null = null;
  for (let i = 0; i < steps; i++) {
    const result = await session.step();
    seconds.push(result.seconds);
    loss = result.loss;
  }
  return { seconds, loss };
}

async function main(): Promise<void> {
  let session: Session | undefined;
  const answer = async (request: Request): Promise<SetupReply | RunReply | MemoryReply | LogitsReply> => {
    if (request.cmd === 'memory') return { peak_bytes: process.resourceUsage().maxRSS * 1024 };
    if (request.cmd === 'setup') {
      session = await setUp(request);
      return session.reply;
    }
    if (request.cmd === 'run' && session) return run(session, request.steps);
    if (request.cmd === 'logits' && session) return { logits: await session.logits(request.weights) };
    throw new Error(`no session to ${request.cmd}`);
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const request: Request = JSON.parse(line);
    if (request.cmd === 'quit') break;
    const reply = await answer(request).catch((error: unknown) => ({ error: errorMessage(error) }));
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
  await session?.close();
}

await main();
