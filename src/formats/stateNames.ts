/** Prefixes that wrappers put before every name of a state dict: `torch.compile`, DataParallel, and modules that hold the model. */
const PREFIXES = ['_orig_mod.', 'module.', 'model.', 'net.', 'network.'] as const;

/** Counter of `torch.optim.swa_utils.AveragedModel`, which stands beside the prefixed names of its model. */
const AVERAGED = 'n_averaged';

/**
 * A state dict under its model's own names: prefixes that all names have are removed, in any nesting, as are
 * `_orig_mod.` within names (parts that were compiled by themselves) and the counter of averaged models.
 *
 * @returns the same map if nothing has to change; undefined if two names would become one
 */
export function withoutPrefixes<T>(tensors: ReadonlyMap<string, T>): ReadonlyMap<string, T> | undefined {
  let entries = [...tensors];
  if (entries.length > 1 && entries.some(([name]) => name.startsWith('module.')))
    entries = entries.filter(([name]) => name !== AVERAGED);
  for (;;) {
    const prefix = PREFIXES.find(
      (each) => entries.length > 0 && entries.every(([name]) => isUnder(name, each)),
    );
    if (prefix === undefined) break;
    entries = entries.map(([name, value]) => [name.slice(prefix.length), value]);
  }
  entries = entries.map(([name, value]) => [name.replace(/(^|\.)_orig_mod\./g, '$1'), value]);
  const renamed = new Map(entries);
  return renamed.size === entries.length ? renamed : undefined;
}

function isUnder(name: string, prefix: string): boolean {
  return name.length > prefix.length && name.startsWith(prefix);
}
