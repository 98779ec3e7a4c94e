import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { shellWord } from '../../src/runs/shellWord.js';

describe('a word of a command that is shown', () => {
  it('stays as it is where it needs no quotes', () => {
    for (const word of ['runs/a-1.2', '/tmp/x_y', 'a+b@c=d:e,f%'])
      assert.equal(shellWord(word, 'linux'), word);
    assert.equal(shellWord('C:\\runs\\a', 'win32'), 'C:\\runs\\a');
    assert.equal(shellWord('C:\\my runs\\a', 'win32'), '"C:\\my runs\\a"');
  });

  it('is what a shell reads', { skip: process.platform === 'win32' && 'needs a POSIX shell' }, () => {
    for (const word of ['runs/q r', "it's", '$HOME', 'a;b', '~', '', '*', '"', 'a\nb', '{1..2}', '!x']) {
      const { stdout } = spawnSync('sh', ['-c', `printf %s ${shellWord(word, 'linux')}`], {
        encoding: 'utf8',
      });
      assert.equal(stdout, word);
    }
  });
});
