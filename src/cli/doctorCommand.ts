import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Command } from 'commander';
import { describeTurboJpeg } from '../data/images/jpeg/describe.js';
import { findTurboJpeg } from '../data/images/jpeg/library.js';
import { createEngine } from '../engines/createEngine.js';
import { processorsAtHand } from '../engines/host/processors.js';
import { UserError } from '../errors.js';
import { logFormatOption } from './options.js';
import { type LogFormat, packageVersion, printJson, printLine } from './output.js';

/** Instruction sets that decide how fast the engines are. */
const FEATURES = ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile', 'amx_bf16'];

/** How long the search for a GPU may take. */
const WEBGPU_TIMEOUT_MS = 20_000;

const INSTALL_ONEDNN = `oneDNN makes training on x86 several times faster. To install it:
  Debian: apt-get install libdnnl2 (Debian 12) or libdnnl3.6 (13 and newer)
  Ubuntu: apt-get install what apt-cache search --names-only '^libdnnl[0-9]' lists (version 2.6 or newer)
  macOS: brew install onednn
  Linux and Windows with Python: pip install onednn-cpu-gomp on Linux (39 MB), onednn elsewhere (newer, 2 GB with what it needs)
  conda: conda install -c conda-forge onednn; vcpkg: vcpkg install onednn
  elsewhere: a build of https://github.com/uxlfoundation/oneDNN (2.6, 2.7 or 3) where the system's loader finds it
BIASLOSS_ONEDNN may name the library's file.`;

const INSTALL_TURBOJPEG =
  'install libturbojpeg0 (Debian), libturbojpeg (Ubuntu) or jpeg-turbo (Homebrew), and JPEGs are loaded in less time';

/** Adds the options and the action of `doctor`. */
export function configureDoctor(command: Command): void {
  command.addOption(logFormatOption()).action(runDoctor);
}

async function runDoctor({ logFormat }: { readonly logFormat: LogFormat }): Promise<void> {
  const onnx = await tryEngine('onnx');
  const onednn = await tryEngine('onednn');
  const cuda = await tryEngine('cuda');
  const webgpu = tryWebGpu();
  const jpeg = tryTurboJpeg();
  if (logFormat === 'json') {
    printJson({ event: 'doctor', ...machineRecord(), engines: { onnx, onednn, cuda, webgpu }, jpeg });
    return;
  }
  const rows = [
    ['biasloss', packageVersion()],
    ['Node.js', process.version],
    ['system', `${process.platform} ${process.arch}`],
    ['processor', cpus()[0]?.model.trim() ?? 'unknown'],
    ['features', featuresText()],
    ['threads', String(processorsAtHand())],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['engine onnx', engineText(onnx)],
    ['engine onednn', engineText(onednn)],
    ['engine cuda', `experimental, ${engineText(cuda)}`],
    ['engine webgpu', engineText(webgpu)],
    ['JPEG decoder', jpegText(jpeg)],
  ];
  for (const [what, found] of rows) printLine(`${what!.padEnd(14)} ${found}`);
  if (!onednn.found) printLine(`\n${INSTALL_ONEDNN}`);
}

/** The machine as a record; memory in bytes. */
function machineRecord(): Record<string, unknown> {
  return {
    version: packageVersion(),
    node: process.version,
    platform: process.platform,
    architecture: process.arch,
    processor: cpus()[0]?.model.trim() ?? null,
    features: processorFeatures() ?? null,
    threads: processorsAtHand(),
    memory: totalmem(),
  };
}

/** Whether an engine or a library is usable, with its description or the reason. */
interface EngineFound {
  readonly found: boolean;
  readonly description: string;
}

function engineText({ found, description }: EngineFound): string {
  return found ? description : `not usable: ${description}`;
}

async function tryEngine(name: 'onnx' | 'onednn' | 'cuda'): Promise<EngineFound> {
  try {
    const engine = await createEngine(name);
    await engine.close();
    return { found: true, description: engine.description };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { found: false, description: error.message };
  }
}

function jpegText({ found, description }: EngineFound): string {
  return found ? description : `sharp; TurboJPEG: ${description} (${INSTALL_TURBOJPEG})`;
}

function tryTurboJpeg(): EngineFound {
  try {
    const library = findTurboJpeg();
    return 'reason' in library
      ? { found: false, description: library.reason }
      : { found: true, description: describeTurboJpeg(library) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { found: false, description: error.message };
  }
}

/** In a process of its own: drivers print warnings, and a faulty one may end the process. */
function tryWebGpu(): EngineFound {
  const module = new URL('../engines/createEngine.js', import.meta.url).href;
  const script = `
    import { createEngine } from ${JSON.stringify(module)};
    const print = (found, description) => console.log(JSON.stringify({ found, description }));
    try {
      const engine = await createEngine('webgpu');
      print(true, engine.description);
      await engine.close();
    } catch (error) {
      print(false, error.message);
    }`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: WEBGPU_TIMEOUT_MS,
  });
  try {
    return JSON.parse(stdout) as EngineFound;
  } catch {
    return { found: false, description: 'WebGPU ended the process that tried it, or did not answer' };
  }
}

function featuresText(): string {
  const features = processorFeatures();
  if (features === undefined) return 'not reported by this system';
  return features.join(' ') || 'none of the known ones';
}

/** Instruction sets from the kernel's list; undefined on other systems, which do not report them. */
function processorFeatures(): string[] | undefined {
  if (!existsSync('/proc/cpuinfo')) return undefined;
  const flags = new Set(
    /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '),
  );
  return FEATURES.filter((feature) => flags.has(feature));
}
