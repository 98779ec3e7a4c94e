/** This library's side of the benchmark: a process that speaks `protocol.ts` and trains through the public API. */
import { createInterface } from 'node:readline';
import { errorMessage } from '../src/errors.js';
import { biasLoss, createEngine, createModel, engineChoices, Learner, sgd } from '../src/index.js';
import type { MemoryReply, Request, RunReply, SetupReply } from './protocol.js';

type Setup = Extract<Request, { cmd: 'setup' }>;

interface Session {
  readonly reply: SetupReply;
  /** One step; its seconds, and the loss in training. */
  step(): Promise<{ seconds: number; loss: number | null }>;
  close(): Promise<void>;
}

async function setUp(request: Setup): Promise<Session> {
  if (request.mode === 'validate') throw new Error('our side trains and evaluates, it reads no folders');
  const { model: name, classes, image_size: imageSize, ratio, width, batch, threads, precision } = request;
  const choice = engineChoices.find((known) => known === request.engine) ?? 'auto';
  const engine = await createEngine(choice, { threads, precision });
  const model = createModel({ name, classes, imageSize, ratio, width });
  const learner = await Learner.create({
    engine,
    model,
    loss: biasLoss(),
    optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
    batchSize: batch,
  });
  const images = normalNumbers(batch * 3 * imageSize * imageSize);
  const labels = Int32Array.from({ length: batch }, (_, i) => (i * 7 + 3) % classes);
  let steps = 0;
  if (request.mode === 'eval') await learner.beginEvaluation();
  return {
    reply: {
      parameters: model.parameterCount,
      images_per_step: batch,
      version: `${engine.name}: ${engine.description}`,
    },
    step: async () => {
      // The engine takes a batch's buffers over; a loader's making of them is no part of a step on either side.
      const batchImages = images.slice();
      const batchLabels = labels.slice();
      const start = performance.now();
      const result =
        request.mode === 'eval'
          ? await learner.predict(batchImages)
          : await learner.step(
              { images: batchImages, labels: batchLabels },
              { learningRate: 0.1, step: steps++ },
            );
      const seconds = (performance.now() - start) / 1000;
      return { seconds, loss: 'loss' in result ? result.loss : null };
    },
    close: async () => {
      await learner.close();
      await engine.close();
    },
  };
}

/** Roughly normal numbers (Irwin–Hall), the same every time. */
function normalNumbers(count: number): Float32Array {
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum - 6;
  });
}

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
  const answer = async (request: Request): Promise<SetupReply | RunReply | MemoryReply> => {
    if (request.cmd === 'memory') return { peak_bytes: process.resourceUsage().maxRSS * 1024 };
    if (request.cmd === 'setup') {
      session = await setUp(request);
      return session.reply;
    }
    if (request.cmd === 'run' && session) return run(session, request.steps);
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
