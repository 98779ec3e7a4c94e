/** An item, and the one that follows. */
export interface WithNext<T> {
  readonly item: T;
  /** Undefined for the last one, and where nothing looks ahead. */
  readonly next: T | undefined;
}

/**
 * Items, each with the next one.
 *
 * @param looksAhead whether the next one is waited for before an item is given; otherwise there is none
 */
export async function* withNext<T>(
  items: AsyncIterable<T>,
  looksAhead: boolean,
): AsyncGenerator<WithNext<T>> {
  let held: { readonly item: T } | undefined;
  for await (const item of items) {
    if (!looksAhead) yield { item, next: undefined };
    else if (held) yield { item: held.item, next: item };
    held = looksAhead ? { item } : undefined;
  }
  if (held) yield { item: held.item, next: undefined };
}
