import { dirname, join, normalize } from 'node:path';
import { broken, type Finding } from './finding.js';

const LINK = /\]\(([^)\s]+)\)/g;
const FENCE = /^\s*(```|~~~)/;

/**
 * Refuses links of Markdown pages that lead nowhere in the repository: to a file that is not there, or to a heading that a page
 * does not have.
 *
 * @param pages texts by path from the root, with slashes
 * @param exists whether the repository has another file or folder
 */
export function checkLinks(pages: ReadonlyMap<string, string>, exists: (path: string) => boolean): Finding[] {
  const anchors = new Map([...pages].map(([path, text]) => [path, anchorsOf(text)]));
  return [...pages].flatMap(([page, text]) =>
    prose(text).flatMap((line, i) =>
      [...line.matchAll(LINK)].flatMap(([, target = '']) => {
        if (/^[a-z]+:/.test(target)) return [];
        const [file = '', anchor] = target.split('#');
        const path = file === '' ? page : normalize(join(dirname(page), file)).replaceAll('\\', '/');
        const known = anchors.get(path);
        if (known === undefined && !exists(path)) return [broken(page, i + 1, `there is no ${target}`)];
        if (anchor === undefined || known === undefined || known.has(anchor)) return [];
        return [broken(page, i + 1, `${path} has no heading #${anchor}`)];
      }),
    ),
  );
}

/** The lines of a page, those of code emptied. */
function prose(text: string): string[] {
  let isCode = false;
  return text.split('\n').map((line) => {
    if (FENCE.test(line)) isCode = !isCode;
    return isCode || FENCE.test(line) ? '' : line.replace(/`[^`]*`/g, (code) => ' '.repeat(code.length));
  });
}

/** Anchors of headings, as GitHub makes them: lower case, spaces as hyphens, other signs left out; repetitions are counted. */
function anchorsOf(text: string): ReadonlySet<string> {
  const found = new Map<string, number>();
  let isCode = false;
  for (const line of text.split('\n')) {
    if (FENCE.test(line)) isCode = !isCode;
    const heading = isCode ? undefined : /^#{1,6} +(.*?)\s*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const anchor = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = found.get(anchor) ?? 0;
    found.set(anchor, count + 1);
    if (count > 0) found.set(`${anchor}-${count}`, 1);
  }
  return new Set(found.keys());
}
