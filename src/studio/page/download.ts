/** Milliseconds after which what was downloaded is let go: Safari reads it some time after the click. */
const KEPT_FOR = 60_000;

/** Saves contents as a file of the visitor's. @param parts of the file, one after the other */
export function download(name: string, parts: readonly (string | Uint8Array)[], type: string): void {
  const address = URL.createObjectURL(new Blob(parts as BlobPart[], { type }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_FOR);
}
