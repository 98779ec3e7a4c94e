import type { Command } from 'commander';
import { isFolder } from '../data/folders/fileKind.js';
import { shellWord } from '../runs/shellWord.js';

/**
 * Flags of other programs (torchvision's references, timm, Ultralytics) and what they are called here, by meaning: the first
 * that a command has is offered.
 */
export const FOREIGN_FLAGS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  (
    [
      [['--base-lr'], ['--lr', '--learning-rate', '--lr0']],
      [['--weight-decay'], ['--wd']],
      [['--optimizer'], ['--opt', '--optim', '--optimiser']],
      [['--schedule'], ['--sched', '--scheduler', '--lr-scheduler', '--lr-schedule']],
      [['--warmup-epochs'], ['--warmup', '--lr-warmup-epochs']],
      [['--milestones'], ['--lr-step-size', '--lr-steps', '--decay-epochs', '--decay-milestones']],
      [['--gamma'], ['--lr-gamma', '--decay-rate']],
      [['--accumulate'], ['--grad-accum-steps', '--gradient-accumulation-steps']],
      [['--clip-norm'], ['--clip-grad', '--clip-grad-norm', '--grad-clip', '--max-norm']],
      [['--ema-decay'], ['--ema', '--model-ema', '--model-ema-decay']],
      [['--patience'], ['--early-stopping', '--early-stop']],
      [['--sync-batch-norm'], ['--sync-bn', '--syncbn']],
      [['--batch-size'], ['-b', '--bs', '--batchsize']],
      [['--loss'], ['--criterion']],
      [['--label-smoothing'], ['--smoothing']],
      [['--seed'], ['--random-seed', '--manual-seed']],
      [['--auto-augment'], ['--aa', '--autoaugment', '--randaugment']],
      [['--colour-jitter'], ['--color-jitter']],
      [['--greyscale'], ['--grayscale']],
      [['--random-erase'], ['--reprob', '--random-erasing']],
      [['--crop-scale'], ['--scale']],
      [['--dropout'], ['--drop', '--drop-rate']],
      [['--stochastic-depth'], ['--drop-path', '--drop-path-rate', '--drop-connect']],
      [['--model'], ['--arch', '--architecture', '--network', '-a']],
      [['--image-size'], ['--img-size', '--imgsz', '--input-size', '--train-crop-size', '--val-crop-size']],
      [['--image-channels'], ['--in-chans']],
      [['--classes'], ['--num-classes', '--nb-classes']],
      [
        ['--pretrained', '--checkpoint'],
        ['--weights', '--ckpt', '--initial-checkpoint', '--finetune'],
      ],
      [['--pretrained'], ['--checkpoint']],
      [['--checkpoint'], ['--pretrained']],
      [['--data'], ['--dataset']],
      [
        ['--data-path', '--data'],
        ['--data-dir', '--dataset-path', '--root'],
      ],
      [['--val-share'], ['--val-split', '--validation-split']],
      [['--workers'], ['-j', '--num-workers', '--nworkers']],
      [['--threads'], ['--num-threads', '--nthreads']],
      [['--precision bf16'], ['--amp', '--half', '--fp16', '--bf16', '--mixed-precision']],
      [['--engine cuda'], ['--gpu', '--gpus', '--cuda']],
      [['--engine'], ['--device']],
      [
        ['--run-dir', '--output', '--out'],
        ['--output-dir', '--save-dir', '--log-dir', '--project'],
      ],
      [
        ['--output', '--out', '--run-dir'],
        ['--output', '--out', '-o'],
      ],
    ] as const
  ).flatMap(([ours, theirs]) => theirs.map((name) => [name, ours])),
);

/** The flag of a command that another program's flag means; undefined where it is not known, or the command has none such. */
export function meantFlag(flag: string, command: Command): string | undefined {
  const known = Object.hasOwn(FOREIGN_FLAGS, flag) ? FOREIGN_FLAGS[flag]! : [];
  return known.find((ours) => command.options.some(({ long }) => long === ours.split(' ')[0]));
}

const UNKNOWN = /^(error: unknown option '(--?[a-zA-Z0-9-]+)[^']*')(?:\n\(Did you mean .*\))?\n?$/;

/** The flags that give a folder of images. */
export function dataFlags(folder: string): string {
  return `--data imagefolder --data-path ${shellWord(folder)}`;
}

/** Commander's message about arguments of a command that takes none, with the flags for a folder of images if one of them is that. */
export function withDataFlags(text: string, command: Command): string {
  const takesData = command.options.some(({ long }) => long === '--data-path');
  if (!text.startsWith('error: too many arguments') || !takesData) return text;
  const folder = command.args.find(isFolder);
  return folder === undefined
    ? text
    : `${text.trimEnd()} A folder of images is given by ${dataFlags(folder)}.\n`;
}

/**
 * Commander's message about an unknown flag, with the flag that was meant rather than the one that is spelt most alike.
 *
 * @param args all arguments of the command line
 */
export function withMeantFlag(text: string, command: Command, args: readonly string[]): string {
  const [, message, flag] = UNKNOWN.exec(text) ?? [];
  if (message === undefined || flag === undefined) return text;
  // What follows the command's own flags is another command's.
  if (command.name() === 'launch' && args.includes('train') && !args.includes('--'))
    return `${message}\n(The options of train stand after --: biasloss launch -n 2 -- train …)\n`;
  const meant = meantFlag(flag, command);
  return meant === undefined ? text : `${message}\n(Did you mean ${meant}?)\n`;
}
