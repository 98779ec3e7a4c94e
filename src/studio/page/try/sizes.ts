/** A number of bytes in words: `1.42 MB`. */
export function sizeText(bytes: number): string {
  return `${Number((bytes / 1e6).toPrecision(3))} MB`;
}

/** A number of parameters in words: `1.26 million`. */
export function millionsText(count: number): string {
  return `${Number((count / 1e6).toPrecision(3))} million`;
}
