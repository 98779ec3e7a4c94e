import type { Interpreter } from './interpreters.js';
import type { Mode, Precision, PyTorchVariant, Way } from './protocol.js';

/** One of PyTorch's ways to run a workload, in one interpreter. */
export interface Contender extends PyTorchVariant {
  readonly python: string;
  readonly precision: Precision;
}

/** What decides who takes part. */
export interface Contest {
  readonly pythons: readonly Interpreter[];
  /** Of our side; where it is bf16, PyTorch's default precision, f32, takes part too. */
  readonly precisions: readonly Precision[];
  /** Ways that compete with each other; each list gets a line of its own. */
  readonly lines: readonly (readonly Way[])[];
  /** Those that were the fastest in an earlier run; by default all take part. */
  readonly known?: readonly Contender[] | undefined;
}

/** All of PyTorch's ways to train or to evaluate. */
export function waysOf(mode: Mode): readonly Way[] {
  return mode === 'train' ? ['eager', 'compiled'] : ['eager', 'frozen', 'compiled'];
}

/** Memory formats worth trying; inductor rearranges images to channels_last itself. */
const layouts = {
  eager: ['contiguous', 'channels_last'],
  frozen: ['contiguous', 'channels_last'],
  compiled: ['channels_last'],
} as const satisfies Record<Way, readonly PyTorchVariant['layout'][]>;

/** Everyone of PyTorch's side: each interpreter in each precision, way and memory format. */
export function contendersOf({ pythons, precisions, lines, known }: Contest): Contender[] {
  const ways = lines.flat();
  return pythons.flatMap(({ path: python, compiles }) =>
    [...new Set<Precision>(['f32', ...precisions])].flatMap((precision) =>
      ways
        .filter((way) => way !== 'compiled' || compiles)
        .flatMap((way) => layouts[way].map((layout) => ({ python, precision, way, layout })))
        .filter((one) => known === undefined || known.some((other) => sameContender(one, other))),
    ),
  );
}

function sameContender(a: Contender, b: Contender): boolean {
  return a.python === b.python && a.precision === b.precision && a.way === b.way && a.layout === b.layout;
}

/** A contender after its warm-up. */
export interface Warm extends Contender {
  /** Of its fastest step. */
  readonly seconds: number;
}

/** How much slower than the fastest of its rivals a contender's warm-up may be, lest a busy moment decides. */
const MARGIN = 1.3;

/** Those that may still be the fastest of their interpreter, precision and line. */
export function withChances<One extends Warm>(
  all: readonly One[],
  lines: readonly (readonly Way[])[],
): One[] {
  const rivals = (a: One, b: One): boolean =>
    a.python === b.python &&
    a.precision === b.precision &&
    lines.some((line) => line.includes(a.way) && line.includes(b.way));
  return all.filter((one) =>
    all.every((other) => !rivals(one, other) || one.seconds <= MARGIN * other.seconds),
  );
}
