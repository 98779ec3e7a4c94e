type Decoder = typeof import('sharp').default;

let loaded: Promise<Decoder> | undefined;

/** The image decoder, loaded when the first image needs it. */
export function decoder(): Promise<Decoder> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    // Every image is decoded once: a cache would only hold memory. Several are decoded side by side,
    // which is faster than threads within one.
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  });
  return loaded;
}
