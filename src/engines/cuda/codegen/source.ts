import { createHash } from 'node:crypto';
import type { KernelSource, StorageType } from '../device.js';
import type { KernelBody } from './pointwise.js';

/** C++ names of stored numbers. */
const NAMES: Readonly<Record<StorageType, string>> = { f32: 'float', bf16: 'bf16', i32: 'int' };

/** A kernel's parameters. */
function parameters({ buffers, writes }: KernelBody): { readonly type: string; readonly name: string }[] {
  return buffers.map(({ buffer, name, type }) => ({
    type: `${writes.includes(buffer) ? '' : 'const '}${NAMES[type]}*`,
    name,
  }));
}

function named(parts: (name: string) => string): KernelSource {
  const name = `k_${createHash('sha256').update(parts('')).digest('hex').slice(0, 16)}`;
  return { name, source: parts(name) };
}

function head({ threads, residents }: KernelBody): string {
  return `extern "C" __global__ void __launch_bounds__(${[threads, residents].filter(Boolean).join(', ')})`;
}

/** A kernel of its own. */
export function kernelSource(body: KernelBody): KernelSource {
  const list = parameters(body).map(({ type, name }) => `${type} ${name}`);
  const units = body.units === undefined ? '' : `const int BLOCK = blockIdx.x, UNITS = ${body.units};\n`;
  return named((name) => `${head(body)} ${name}(${list.join(', ')}) {\n${units}${body.text}\n}\n`);
}

/**
 * A kernel that does the work of several of the same text. `table` has a row for each: its pointers and its units; `blocks` says for each
 * block which row it works on, and which of that one's blocks it is.
 */
export function manySource(body: KernelBody): KernelSource {
  const list = parameters(body);
  const pointers = list.map(({ type, name }, i) => `${type} ${name} = (${type})row[${i}];`);
  const lines = [
    'const uint2 block = blocks[blockIdx.x];',
    `const u64* row = table + block.x * ${list.length + 1};`,
    ...pointers,
    `const int BLOCK = (int)block.y, UNITS = (int)row[${list.length}];`,
  ];
  return named(
    (name) =>
      `${head(body)} ${name}(const u64* table, const uint2* blocks) {\n${lines.join('\n')}\n${body.text}\n}\n`,
  );
}

/** What kernels must have in common to be one. */
export function signatureOf(body: KernelBody): string {
  return `${parameters(body)
    .map(({ type }) => type)
    .join()}\n${body.text}`;
}
