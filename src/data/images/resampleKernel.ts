import { RESAMPLE_CODE } from './resampleCode.js';

/** What of WebAssembly's interface is used; Node's types have none of it. */
interface WebAssemblyApi {
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: ResampleFunctions };
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** @param pages of 64 kB */
  grow(pages: number): number;
}

/** Functions of wasm/resample.ts; arrays are addresses. */
interface ResampleFunctions {
  resampleRows(
    out: number,
    outStride: number,
    data: number,
    rows: number,
    stride: number,
    columns: number,
    starts: number,
    weights: number,
    pairs: number,
  ): void;
  resampleColumns(
    out: number,
    data: number,
    stride: number,
    length: number,
    outputs: number,
    starts: number,
    counts: number,
    weights: number,
    pairs: number,
  ): void;
  normalise(out: number, data: number, rows: number, columns: number, step: number, tables: number): void;
}

/** Resampling in vectors, and its memory. */
export interface ResampleKernel extends ResampleFunctions {
  /** The memory with at least this many bytes; an earlier one may be gone. */
  memory(bytes: number): ArrayBuffer;
}

const PAGE = 65536;

let loaded: ResampleKernel | null | undefined;

/** The kernel of this thread, whose memory all use in turn; null where there is no WebAssembly with vectors. */
export function resampleKernel(): ResampleKernel | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}

function load(): ResampleKernel | null {
  // As any object: pages have types for it, Node has none.
  const scope: object = globalThis;
  const api: WebAssemblyApi | undefined = Reflect.get(scope, 'WebAssembly');
  if (api === undefined) return null;
  try {
    const code = Uint8Array.from(atob(RESAMPLE_CODE), (letter) => letter.charCodeAt(0));
    const memory = new api.Memory({ initial: 1 });
    const { exports } = new api.Instance(new api.Module(code), { env: { memory } });
    return {
      resampleRows: exports.resampleRows,
      resampleColumns: exports.resampleColumns,
      normalise: exports.normalise,
      memory: (bytes) => {
        const lack = bytes - memory.buffer.byteLength;
        if (lack > 0) memory.grow(Math.ceil(lack / PAGE));
        return memory.buffer;
      },
    };
  } catch {
    // A processor without such vectors, or a page that must not compile.
    return null;
  }
}
