/** The first items of a list, and of longer ones as a last item the number of the others, such as `3 more`. */
export function someItems(items: readonly string[], most: number): readonly string[] {
  return items.length > most ? [...items.slice(0, most), `${items.length - most} more`] : items;
}
