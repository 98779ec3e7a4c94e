import type { MachinePeaks, ProfileEntry } from '../engines/engine.js';
import { groupBy, PHASES, type ProfileTotals, totalsOf } from './summary.js';

/** Row of a {@link FlameBox}. */
export type FlameLevel = 'step' | 'phase' | 'operation' | 'primitive';

/** A box of a flame graph: some of a step's primitives. */
export interface FlameBox extends ProfileTotals {
  readonly level: FlameLevel;
  /** Its start in milliseconds: boxes are placed side by side from 0. */
  readonly start: number;
  readonly label: string;
  /** Implementation and tensors of a primitive; empty for others. */
  readonly detail: string;
}

/** Keys by which entries are grouped, level by level. */
interface Level {
  readonly level: FlameLevel;
  readonly key: (entry: ProfileEntry) => string;
  readonly label: (entry: ProfileEntry) => string;
  readonly detail: (entry: ProfileEntry) => string;
}

const PHASE: Level = {
  level: 'phase',
  key: ({ phase }) => phase ?? '',
  label: ({ phase }) => phase ?? 'other',
  detail: () => '',
};

const OPERATION: Level = {
  level: 'operation',
  key: ({ operation }) => operation,
  label: ({ operation }) => operation,
  detail: () => '',
};

const PRIMITIVE: Level = {
  level: 'primitive',
  key: ({ implementation, detail }) => `${implementation}\n${detail}`,
  label: ({ implementation }) => implementation,
  detail: ({ detail }) => detail,
};

function timeOf(entries: readonly ProfileEntry[]): number {
  return entries.reduce((total, { milliseconds }) => total + milliseconds, 0);
}

/**
 * Lays a profile out as boxes: the step, its phases where they are known, the operations of each, and the
 * primitives of each operation, with one box per implementation and set of shapes.
 *
 * @param narrowest boxes of fewer milliseconds are joined into one of their row, `… more`
 */
export function layOutFlame(
  entries: readonly ProfileEntry[],
  peaks: MachinePeaks,
  narrowest: number,
): FlameBox[] {
  const levels = entries.some(({ phase }) => phase) ? [PHASE, OPERATION, PRIMITIVE] : [OPERATION, PRIMITIVE];
  const layout = new FlameLayout(peaks, timeOf(entries), narrowest);
  return [layout.box('step', entries, 0, 'step'), ...layout.divide(entries, 0, levels)];
}

class FlameLayout {
  constructor(
    private readonly peaks: MachinePeaks,
    private readonly whole: number,
    private readonly narrowest: number,
  ) {}

  box(level: FlameLevel, of: readonly ProfileEntry[], start: number, label: string, detail = ''): FlameBox {
    return { ...totalsOf(of, this.whole, this.peaks), level, start, label, detail };
  }

  /** Boxes of the first of the levels side by side from `start`, and under each those of the others. */
  divide(of: readonly ProfileEntry[], start: number, [level, ...others]: readonly Level[]): FlameBox[] {
    if (!level) return [];
    const groups = sorted(groupBy(of, level.key), level);
    const isWide = (group: readonly ProfileEntry[]): boolean => timeOf(group) >= this.narrowest;
    let at = start;
    const boxes = groups.filter(isWide).flatMap((group) => {
      const begin = at;
      at += timeOf(group);
      const own = this.box(level.level, group, begin, level.label(group[0]!), level.detail(group[0]!));
      return [own, ...this.divide(group, begin, others)];
    });
    const rest = groups.filter((group) => !isWide(group));
    if (rest.length === 0) return boxes;
    return [...boxes, this.box(level.level, rest.flat(), at, `${rest.length} more`)];
  }
}

/** Phases in a step's order, anything else from the widest to the narrowest. */
function sorted(groups: ProfileEntry[][], { level }: Level): ProfileEntry[][] {
  const rank = ([first]: readonly ProfileEntry[]): number =>
    first?.phase ? PHASES.indexOf(first.phase) : PHASES.length;
  return groups.sort((a, b) => (level === 'phase' ? rank(a) - rank(b) : timeOf(b) - timeOf(a)));
}
