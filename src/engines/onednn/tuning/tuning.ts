import { cpus } from 'node:os';
import { UserError } from '../../../errors.js';
import { Choices, choicesFile } from '../../cache/choices.js';
import { SystemLoad } from '../../host/loadMeter.js';
import type { DnnlLibrary } from '../library.js';
import { Disturbance, KeptWays } from './keptWays.js';

/** Environment variable that says whether ways to compute convolutions are measured. */
const TUNE_VARIABLE = 'BIASLOSS_TUNE';

/**
 * `on` (default); `off`: never; `refresh`: what was measured before counts no more, and what is measured now counts for good, however
 * busy the machine is.
 */
const modes = ['on', 'off', 'refresh'] as const;

/** Grows with the ways that there are to choose from: what was measured among others counts no more. */
const WAYS = 3;

/** For measurements that count however busy the machine is. */
const NEVER = { look: () => false };

/** What was measured on this processor, with this version of the library and so many threads. */
export class Tuning {
  /** Read when something is first measured. */
  private choices: Choices | undefined;

  private constructor(
    private readonly mode: (typeof modes)[number],
    private readonly file: string,
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
    const value = environment[TUNE_VARIABLE] ?? 'on';
    const mode = modes.find((name) => name === value);
    if (mode === undefined)
      throw new UserError(
        `${TUNE_VARIABLE} must be one of ${modes.join(', ')}, not ${JSON.stringify(value)}`,
      );
    const machine = [cpus()[0]?.model ?? '', instructionSet, version, threads, WAYS];
    // Who asks for a new measurement means the machine as it is.
    const disturbance = mode === 'refresh' ? NEVER : new Disturbance(new SystemLoad(), threads);
    return new Tuning(mode, choicesFile('onednn', machine), disturbance);
  }

  /** What is known of ways; undefined where nothing is to be measured. */
  ways(): KeptWays | undefined {
    if (this.mode === 'off') return undefined;
    this.choices ??= new Choices(this.file, this.mode === 'refresh');
    return new KeptWays(this.choices, this.disturbance);
  }
}
