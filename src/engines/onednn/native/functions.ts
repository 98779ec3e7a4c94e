import type { LibraryHandle } from 'koffi';
import type { Pointer } from '../memoryDesc.js';

/** A pointer argument: a buffer, an address, or null. */
export type Address = ArrayBufferView | bigint | null;

/** A library call that returns a status, 0 for success. */
export type Call<A extends readonly unknown[]> = (...args: A) => number;

/**
 * Declares the functions that versions 2 and 3 of the C API have in common. Handles are passed as numbers;
 * descriptors of memory as addresses, whatever is there.
 */
export function bindCommon(library: LibraryHandle) {
  return {
    engineCreate: library.func('int dnnl_engine_create(void *, int, size_t)') as Call<
      [Address, number, number]
    >,
    engineDestroy: library.func('int dnnl_engine_destroy(uintptr_t)') as Call<[Pointer]>,
    streamCreate: library.func('int dnnl_stream_create(void *, uintptr_t, unsigned int)') as Call<
      [Address, Pointer, number]
    >,
    streamDestroy: library.func('int dnnl_stream_destroy(uintptr_t)') as Call<[Pointer]>,
    execute: library.func('int dnnl_primitive_execute(uintptr_t, uintptr_t, int, uintptr_t)') as Call<
      [Pointer, Pointer, number, Pointer]
    >,
    streamWait: library.func('int dnnl_stream_wait(uintptr_t)') as Call<[Pointer]>,
    primitiveCreate: library.func('int dnnl_primitive_create(void *, uintptr_t)') as Call<[Address, Pointer]>,
    primitiveDestroy: library.func('int dnnl_primitive_destroy(uintptr_t)') as Call<[Pointer]>,
    descDestroy: library.func('int dnnl_primitive_desc_destroy(uintptr_t)') as Call<[Pointer]>,
    descQuery: library.func('int dnnl_primitive_desc_query(uintptr_t, int, int, void *)') as Call<
      [Pointer, number, number, Address]
    >,
    descQueryMemory: library.func('uintptr_t dnnl_primitive_desc_query_md(uintptr_t, int, int)') as Call<
      [Pointer, number, number]
    >,
    reorder: library.func(
      'int dnnl_reorder_primitive_desc_create(void *, void *, uintptr_t, void *, uintptr_t, uintptr_t)',
    ) as Call<[Address, Address, Pointer, Address, Pointer, Pointer]>,
    ...bindMemory(library),
    ...bindAttributes(library),
    ...bindNames(library),
  };
}

function bindMemory(library: LibraryHandle) {
  return {
    memoryCreate: library.func('int dnnl_memory_create(void *, void *, uintptr_t, uintptr_t)') as Call<
      [Address, Address, Pointer, Pointer]
    >,
    memoryDestroy: library.func('int dnnl_memory_destroy(uintptr_t)') as Call<[Pointer]>,
    memoryReshape: library.func('int dnnl_memory_desc_reshape(void *, void *, int, void *)') as Call<
      [Address, Address, number, Address]
    >,
    memorySize: library.func('size_t dnnl_memory_desc_get_size(void *)') as Call<[Address]>,
  };
}

function bindAttributes(library: LibraryHandle) {
  return {
    attributesCreate: library.func('int dnnl_primitive_attr_create(void *)') as Call<[Address]>,
    attributesDestroy: library.func('int dnnl_primitive_attr_destroy(uintptr_t)') as Call<[Pointer]>,
    setScratchpadMode: library.func('int dnnl_primitive_attr_set_scratchpad_mode(uintptr_t, int)') as Call<
      [Pointer, number]
    >,
    setPostOps: library.func('int dnnl_primitive_attr_set_post_ops(uintptr_t, uintptr_t)') as Call<
      [Pointer, Pointer]
    >,
    postOpsCreate: library.func('int dnnl_post_ops_create(void *)') as Call<[Address]>,
    postOpsDestroy: library.func('int dnnl_post_ops_destroy(uintptr_t)') as Call<[Pointer]>,
  };
}

/** The library's own name of a number. */
type NameOf = (number: number) => string;

function bindNames(library: LibraryHandle) {
  return {
    algorithmName: library.func('const char *dnnl_alg_kind2str(int)') as NameOf,
    typeName: library.func('const char *dnnl_dt2str(int)') as NameOf,
    layoutName: library.func('const char *dnnl_fmt_tag2str(int)') as NameOf,
    passName: library.func('const char *dnnl_prop_kind2str(int)') as NameOf,
  };
}

/** The functions of both versions; those that differ in name or arguments share one interface. */
export interface CommonFunctions extends ReturnType<typeof bindCommon> {
  /** Fills a new descriptor: out, axes, shape, type, strides. */
  readonly memoryByStrides: Call<[Address, number, Address, number, Address]>;
  /** Fills a new descriptor: out, axes, shape, type, layout. */
  readonly memoryByTag: Call<[Address, number, Address, number, number]>;
  /** Fills a new descriptor: out, whole, shape, offsets. */
  readonly memoryPart: Call<[Address, Address, Address, Address]>;
  /** List, scale. */
  readonly appendSum: Call<[Pointer, number]>;
  /** List, function, α, β. */
  readonly appendEltwise: Call<[Pointer, number, number, number]>;
}
