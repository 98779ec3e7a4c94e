import { batchOf, NETS, type Net, type NetBatch, type NetName } from './nets.js';

/** A net in training: what every side makes with its own means. */
export interface Training {
  /** One step of SGD on a batch, whose arrays it may keep; the mean cross-entropy before the update, once it is known. */
  step(batch: NetBatch): Promise<number>;
  close(): Promise<void>;
}

/** One of those who take part. */
export interface Trainer {
  /** Library, version and device, for a person. */
  readonly version: string;
  /** A net with the given parameters, not compiled yet. */
  train(net: Net): Promise<Training>;
}

/** What a page or process that trains answers to. */
export interface Calls {
  /** Loads a library's code and starts it. */
  start(threads: number): Promise<{ readonly version: string; readonly seconds: number }>;
  /** Makes a net and runs its first step; the net before it is closed. */
  first(net: NetName): Promise<Steps>;
  /** Runs steps. */
  run(steps: number): Promise<Steps>;
  close(): Promise<void>;
}

/** Steps that were run. */
export interface Steps {
  readonly seconds: readonly number[];
  readonly losses: readonly number[];
}

/** How many batches take turns. */
const BATCHES = 8;

/** The calls of a side that `start` starts. */
export function callsOf(start: (threads: number) => Promise<Trainer>): Calls {
  let trainer: Trainer | undefined;
  let current: Running | undefined;
  return {
    start: async (threads) => {
      const begin = performance.now();
      trainer = await start(threads);
      return { version: trainer.version, seconds: secondsSince(begin) };
    },
    first: async (name) => {
      await current?.close();
      if (!trainer) throw new Error('start comes first');
      current = new Running(trainer, NETS[name]);
      return current.run(1);
    },
    run: async (steps) => {
      if (!current) throw new Error('no net is in training');
      return current.run(steps);
    },
    close: async () => {
      await current?.close();
    },
  };
}

function secondsSince(begin: number): number {
  return (performance.now() - begin) / 1000;
}

/** A net that is made in its first step, and its batches, which are made before. */
class Running {
  private readonly batches: readonly NetBatch[];
  private training: Training | undefined;
  private done = 0;

  constructor(
    private readonly trainer: Trainer,
    private readonly net: Net,
  ) {
    this.batches = Array.from({ length: BATCHES }, (_, index) => batchOf(net, index));
  }

  async run(steps: number): Promise<Steps> {
    const seconds: number[] = [];
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const { images, labels } = this.batches[this.done++ % BATCHES]!;
      const batch = { images: images.slice(), labels: labels.slice() };
      const begin = performance.now();
      this.training ??= await this.trainer.train(this.net);
      losses.push(await this.training.step(batch));
      seconds.push(secondsSince(begin));
    }
    return { seconds, losses };
  }

  async close(): Promise<void> {
    await this.training?.close();
  }
}
