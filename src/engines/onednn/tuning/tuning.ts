import { cpus } from 'node:os';
import { Choices, choicesFile } from '../../cache/choices.js';
import { readTuneMode, type TuneMode } from '../../cache/tuneMode.js';
import { SystemLoad } from '../../host/loadMeter.js';
import type { DnnlLibrary } from '../library.js';
import { Disturbance, KeptWays } from './keptWays.js';

/** Grows with the ways that there are to choose from: what was measured among others counts no more. */
const WAYS = 6;

/** For measurements that count however busy the machine is. */
const NEVER = { look: () => false };

/** What was measured on this processor, with this version of the library and so many threads. */
export class Tuning {
  /** Read when something is first measured. */
  private choices: Choices | undefined;

  private constructor(
    private readonly mode: TuneMode,
    private readonly file: string | undefined,
    private readonly disturbance: Pick<Disturbance, 'look'>,
  ) {}

  /**
   * @param environment where `BIASLOSS_TUNE` may say when to measure
   * @throws UserError when it says anything else
   */
  static open(
    { version, instructionSet }: DnnlLibrary,
    threads: number,
    environment: Readonly<Record<string, string | undefined>> = process.env,
  ): Tuning {
    const mode = readTuneMode(environment);
    const machine = [cpus()[0]?.model ?? '', instructionSet, version, threads, WAYS];
    // Who asks for a new measurement means the machine as it is.
    const disturbance = mode === 'refresh' ? NEVER : new Disturbance(new SystemLoad(), threads);
    return new Tuning(mode, choicesFile('onednn', machine), disturbance);
  }

  /** What is known of ways; undefined where nothing is to be measured. */
  ways(): KeptWays | undefined {
    if (this.mode === 'off') return undefined;
    this.choices ??= new Choices(this.file, this.mode === 'refresh' ? Number.POSITIVE_INFINITY : 0);
    return new KeptWays(this.choices, this.disturbance);
  }
}
