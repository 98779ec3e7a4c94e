import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/**
 * The first block in a language of a document, after a sentence.
 *
 * @param document path from the repository's root
 */
export function blockOf(document: string, language: string, sentence = ''): string {
  const text = readFileSync(new URL(`../../../${document}`, import.meta.url), 'utf8');
  const start = text.indexOf(sentence);
  assert.ok(start >= 0, `${document} does not say "${sentence}"`);
  const block = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text.slice(start))?.[1];
  assert.ok(block !== undefined, `${document} has no block of ${language} after "${sentence}"`);
  return block;
}
