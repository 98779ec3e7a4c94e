/** Saves contents as a file of the visitor's. @param parts of the file, one after the other */
export function download(name: string, parts: readonly (string | Uint8Array)[], type: string): void {
  const address = URL.createObjectURL(new Blob(parts as BlobPart[], { type }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
