/** Whether a place of data is an http(s) URL rather than a path. */
export function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/** A path as it is; a URL without its query, which may hold a signature, and decoded: for messages and for names of images. */
export function plainPath(path: string): string {
  if (!isUrl(path)) return path;
  const plain = path.replace(/[?#].*$/s, '');
  try {
    return decodeURI(plain);
  } catch {
    return plain;
  }
}
