import { Cell, HostMemory } from '../hostMemory.js';
import type { CublasLt } from './cublasLt.js';

/** How many algorithms cuBLASLt proposes. */
const MOST_ALGORITHMS = 8;
/** An algorithm that needs more memory than this besides the matrices is not used. */
const WORKSPACE_BYTES = 32 * 2 ** 20;
/** `cublasLtMatmulPreferenceAttributes_t` */
const PREFERENCE = { workspaceBytes: 1, reductionSchemes: 3, alignments: [5, 6, 7, 8] } as const;
/** `CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE`: parts of a sum are added in f32, in a fixed order. */
const SUM_IN_F32 = 2;
/** All matrices start at multiples of so many bytes. */
const ALIGNMENT = 16;
/** `cublasLtMatmulHeuristicResult_t`: 64 bytes of the algorithm, its workspace's size, its state. */
const RESULT = { bytes: 96, algorithmBytes: 64, workspace: 64, state: 72 } as const;
/** `cublasLtMatmulAlgoConfigAttributes_t`, with the size of each. */
const SETTINGS = {
  algorithm: [0, 4],
  tile: [1, 4],
  splitK: [2, 4],
  reduction: [3, 4],
  swizzle: [4, 4],
  option: [5, 4],
  stages: [6, 4],
  inner: [7, 2],
  cluster: [8, 2],
} as const;

/** An algorithm for a product. */
export interface Algorithm {
  /** Its number and settings: `cuBLASLt algorithm=66 tile=20 splitK=4`; settings that are 0 are left out. */
  readonly name: string;
  /** A `cublasLtMatmulAlgo_t`. */
  readonly memory: HostMemory;
  readonly workspaceBytes: number;
}

/** A product by its descriptors: the operation, the layouts of the matrices. */
interface Described {
  readonly operation: number;
  readonly left: number;
  readonly right: number;
  readonly output: number;
}

/**
 * The algorithms that cuBLASLt proposes, the best first, each once. All give the same bits in every run.
 *
 * @throws LibraryError where it knows none
 */
export function proposeAlgorithms(library: CublasLt, product: Described): Algorithm[] {
  const { functions } = library;
  const results = new HostMemory(RESULT.bytes * MOST_ALGORITHMS);
  const count = new Cell();
  const preference = library.created((out) => functions.createPreference(out));
  try {
    setPreferences(library, preference);
    const { operation, left, right, output } = product;
    functions.propose(
      ...[library.handle, operation, left, right, output, output, preference],
      ...[MOST_ALGORITHMS, results.address, count.address],
    );
  } finally {
    functions.destroyPreference(preference);
  }
  const found = new Map<string, Algorithm>();
  for (let index = 0; index < count.int; index++) {
    const algorithm = readResult(library, results, RESULT.bytes * index);
    if (algorithm && !found.has(algorithm.name)) found.set(algorithm.name, algorithm);
  }
  return [...found.values()];
}

function setPreferences({ functions }: CublasLt, preference: number): void {
  functions.setPreference(
    preference,
    PREFERENCE.workspaceBytes,
    BigUint64Array.of(BigInt(WORKSPACE_BYTES)),
    8,
  );
  functions.setPreference(preference, PREFERENCE.reductionSchemes, Uint32Array.of(SUM_IN_F32), 4);
  for (const attribute of PREFERENCE.alignments)
    functions.setPreference(preference, attribute, Uint32Array.of(ALIGNMENT), 4);
}

/** An algorithm of the results, unless cuBLASLt says that it cannot be used. */
function readResult(library: CublasLt, results: HostMemory, offset: number): Algorithm | undefined {
  const view = new DataView(results.bytes.buffer, offset, RESULT.bytes);
  if (view.getInt32(RESULT.state, true) !== 0) return undefined;
  const memory = new HostMemory(RESULT.algorithmBytes);
  memory.bytes.set(results.bytes.subarray(offset, offset + RESULT.algorithmBytes));
  return {
    name: nameOf(library, memory.address),
    memory,
    workspaceBytes: Number(view.getBigUint64(RESULT.workspace, true)),
  };
}

function nameOf({ functions }: Pick<CublasLt, 'functions'>, algorithm: number): string {
  const [value, written] = [new Cell(), new Cell()];
  const settings = Object.entries(SETTINGS).flatMap(([name, [attribute, bytes]]) => {
    value.pointer = 0;
    functions.readAlgorithm(algorithm, attribute, value.address, bytes, written.address);
    return value.pointer === 0 ? [] : [`${name}=${value.pointer}`];
  });
  return ['cuBLASLt', ...settings].join(' ');
}
