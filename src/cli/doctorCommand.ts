import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Command } from 'commander';
import { createEngine } from '../engines/createEngine.js';
import { errorMessage } from '../errors.js';
import { formatTable, printLine } from './output.js';

/** Instruction sets that decide how fast the engines are. */
const FEATURES = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16', 'amx_tile', 'avx512_vnni'];

/** Adds the `doctor` command. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('What this machine offers: engines found, processor features, versions.')
    .action(async () => {
      const rows = [
        ['Node.js', process.version],
        ['system', `${process.platform} ${process.arch}`],
        ['processor', cpus()[0]?.model.trim() ?? 'unknown'],
        ['features', processorFeatures()],
        ['threads', String(availableParallelism())],
        ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
        ['engine onnx', await tryEngine('onnx')],
        ['engine onednn', await tryEngine('onednn')],
      ];
      printLine(
        formatTable(
          ['what', 'found'],
          rows.map(([what, found]) => [what!, found!]),
        ),
      );
      if (!(await hasOneDnn())) printLine(`\n${INSTALL_ONEDNN}`);
    });
}

const INSTALL_ONEDNN =
  'oneDNN makes training on x86 several times faster. To install it:\n' +
  '  Debian, Ubuntu: apt-get install libdnnl2 (newer releases: libdnnl3)\n' +
  '  macOS: brew install onednn\n' +
  '  Windows: put dnnl.dll of a oneDNN release on the PATH, or name it in BIASLOSS_ONEDNN';

async function tryEngine(name: 'onnx' | 'onednn'): Promise<string> {
  try {
    const engine = await createEngine(name);
    await engine.close();
    return engine.description;
  } catch (error) {
    return `not usable: ${errorMessage(error)}`;
  }
}

async function hasOneDnn(): Promise<boolean> {
  return !(await tryEngine('onednn')).startsWith('not usable');
}

/** Instruction sets from the kernel's list; other systems do not tell. */
function processorFeatures(): string {
  if (!existsSync('/proc/cpuinfo')) return 'not told by this system';
  const flags = new Set(
    /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '),
  );
  return FEATURES.filter((feature) => flags.has(feature)).join(' ') || 'none of the known ones';
}
