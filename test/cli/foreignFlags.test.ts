import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildProgram } from '../../src/cli/commands.js';
import { FOREIGN_FLAGS, meantFlag } from '../../src/cli/foreignFlags.js';

const { commands } = await buildProgram('all');
const commandOf = (name: string) => commands.find((command) => command.name() === name)!;

describe('flags of other programs', () => {
  it('lead to flags that there are', () => {
    const ours = new Set(commands.flatMap(({ options }) => options.map(({ long }) => long)));
    for (const [theirs, meant] of Object.entries(FOREIGN_FLAGS))
      for (const flag of meant) assert.ok(ours.has(flag.split(' ')[0]!), `${theirs}: ${flag}`);
  });

  it('are none of train’s own', () => {
    for (const { long } of commandOf('train').options)
      if (!['--pretrained', '--device'].includes(long!))
        assert.equal(meantFlag(long!, commandOf('train')), undefined, long);
  });

  it('are what the command has: weights are --pretrained in training and --checkpoint elsewhere', () => {
    assert.equal(meantFlag('--weights', commandOf('train')), '--pretrained');
    assert.equal(meantFlag('--weights', commandOf('test')), '--checkpoint');
    assert.equal(meantFlag('--checkpoint', commandOf('train')), '--pretrained');
    assert.equal(meantFlag('--wd', commandOf('predict')), undefined);
    assert.equal(meantFlag('--constructor', commandOf('train')), undefined);
  });
});
