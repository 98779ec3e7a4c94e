/**
 * Kills random ranks of trainings many times, with each library in turn, and says whether anything was lost: `npm run test:kills -- [KILLS] [SEED]`.
 * Each training has up to five kills, and must come to the bits of an undisturbed one, with no process left; each killed rank must be named. The exit
 * code is 1 if any went wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniformSource } from '../../../src/random.js';
import { trainWithKills, weightsOf } from '../kills.js';
import { launchers } from '../support.js';

const [wanted = 50, seed = 1] = process.argv.slice(2).map(Number);
const [RANKS, EPOCHS, EACH] = [2, 8, 5];
const draw = uniformSource(seed, 'kills');
let drawn = 0;
const random = (): number => draw(drawn++);
const usable = launchers.filter(({ skip }) => skip === undefined);
const cwd = mkdtempSync(join(tmpdir(), 'biasloss-kills-'));
let [kills, trainings, failures] = [0, 0, 0];
try {
  const whole = new Map<string, Buffer>();
  while (kills < wanted && usable.length > 0) {
    const launcher = usable[trainings++ % usable.length]!;
    const settings = { ranks: RANKS, epochs: EPOCHS, random };
    if (!whole.has(launcher.name)) {
      await trainWithKills(launcher, cwd, launcher.name, { ...settings, kills: 0 });
      whole.set(launcher.name, weightsOf(join(cwd, launcher.name)));
    }
    const run = `run-${trainings}`;
    const result = await trainWithKills(launcher, cwd, run, { ...settings, kills: EACH });
    const named = result.killed.every((rank) =>
      new RegExp(`rank ${rank} of ${RANKS} was ended by SIGKILL`).test(result.stderr),
    );
    const isSame = weightsOf(join(cwd, run)).equals(whole.get(launcher.name)!);
    kills += result.killed.length;
    const isGood = result.code === 0 && result.survivors === 0 && named && isSame;
    if (!isGood) failures++;
    process.stdout.write(
      `${launcher.name}: killed ranks ${result.killed.join(', ')}; code ${result.code}, ${result.survivors} survivors, ` +
        `${named ? 'all named' : 'not all named'}, ${isSame ? 'same bits' : 'OTHER bits'}\n${isGood ? '' : result.stderr}`,
    );
  }
} finally {
  rmSync(cwd, { recursive: true, force: true });
}
process.stdout.write(`${kills} kills in ${trainings} trainings, ${failures} of which went wrong\n`);
process.exitCode = failures === 0 ? 0 : 1;
