import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Command } from 'commander';
import { createEngine } from '../engines/createEngine.js';
import { UserError } from '../errors.js';
import { packageVersion, printLine } from './output.js';

/** Instruction sets that decide how fast the engines are. */
const FEATURES = ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile', 'amx_bf16'];

const INSTALL_ONEDNN = `oneDNN makes training on x86 several times faster. To install it:
  Debian: apt-get install libdnnl2 (Debian 12) or libdnnl3.6 (13 and newer)
  Ubuntu: apt-get install what apt-cache search --names-only '^libdnnl[0-9]' lists (version 2.6 or newer)
  macOS: brew install onednn
  Windows, elsewhere: a build of https://github.com/uxlfoundation/oneDNN (2.6, 2.7 or 3) on the PATH
BIASLOSS_ONEDNN may name the library's file.`;

/** Adds the `doctor` command. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('What this machine offers: engines found, processor features, versions.')
    .action(runDoctor);
}

async function runDoctor(): Promise<void> {
  const onnx = await tryEngine('onnx');
  const onednn = await tryEngine('onednn');
  const rows = [
    ['biasloss', packageVersion()],
    ['Node.js', process.version],
    ['system', `${process.platform} ${process.arch}`],
    ['processor', cpus()[0]?.model.trim() ?? 'unknown'],
    ['features', processorFeatures()],
    ['threads', String(availableParallelism())],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['engine onnx', onnx.text],
    ['engine onednn', onednn.text],
  ];
  for (const [what, found] of rows) printLine(`${what!.padEnd(14)} ${found}`);
  if (!onednn.found) printLine(`\n${INSTALL_ONEDNN}`);
}

async function tryEngine(name: 'onnx' | 'onednn'): Promise<{ found: boolean; text: string }> {
  try {
    const engine = await createEngine(name);
    await engine.close();
    return { found: true, text: engine.description };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { found: false, text: `not usable: ${error.message}` };
  }
}

/** Instruction sets from the kernel's list; other systems do not tell. */
function processorFeatures(): string {
  if (!existsSync('/proc/cpuinfo')) return 'not told by this system';
  const flags = new Set(
    /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '),
  );
  return FEATURES.filter((feature) => flags.has(feature)).join(' ') || 'none of the known ones';
}
