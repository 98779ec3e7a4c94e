import { broken, type Finding } from './finding.js';
import type { Source } from './sources.js';

/** Refuses files that import each other, types included; each cycle is reported once, at its first file. */
export function checkCycles(sources: readonly Source[]): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const findings: Finding[] = [];

  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      findings.push(report([...trail.slice(start), path], byPath));
      return;
    }
    if (done.has(path)) return;
    for (const target of targetsOf(byPath.get(path))) if (byPath.has(target)) visit(target, [...trail, path]);
    done.add(path);
  };

  for (const path of [...byPath.keys()].sort()) visit(path, []);
  return findings;
}

function targetsOf(source: Source | undefined): Set<string> {
  return new Set(source?.imports.flatMap(({ target }) => target ?? []));
}

function report(cycle: readonly string[], byPath: ReadonlyMap<string, Source>): Finding {
  const [file, next] = cycle as [string, string];
  const line = byPath.get(file)?.imports.find(({ target }) => target === next)?.line ?? 1;
  return broken(file, line, `import cycle: ${cycle.join(' → ')}`);
}
