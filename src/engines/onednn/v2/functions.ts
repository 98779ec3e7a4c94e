import type { LibraryHandle } from 'koffi';
import type { Pointer } from '../dnnl.js';

/** Something that C takes as an address: a buffer, an address, or null. */
type Address = ArrayBufferView | bigint | null;

/** A library call that returns a status, 0 for success. */
type Call<A extends readonly unknown[]> = (...args: A) => number;

/** Declares the functions of oneDNN 2's C API. Handles are passed as numbers, descriptors as their bytes. */
export function bindFunctions(library: LibraryHandle) {
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
    primitiveCreate: library.func('int dnnl_primitive_create(void *, uintptr_t)') as Call<[Address, Pointer]>,
    primitiveDestroy: library.func('int dnnl_primitive_destroy(uintptr_t)') as Call<[Pointer]>,
    descCreate: library.func(
      'int dnnl_primitive_desc_create(void *, void *, uintptr_t, uintptr_t, uintptr_t)',
    ) as Call<[Address, Address, Pointer, Pointer, Pointer]>,
    descDestroy: library.func('int dnnl_primitive_desc_destroy(uintptr_t)') as Call<[Pointer]>,
    descQuery: library.func('int dnnl_primitive_desc_query(uintptr_t, int, int, void *)') as Call<
      [Pointer, number, number, Address]
    >,
    descQueryMemory: library.func('uintptr_t dnnl_primitive_desc_query_md(uintptr_t, int, int)') as Call<
      [Pointer, number, number]
    >,
    memoryCreate: library.func('int dnnl_memory_create(void *, void *, uintptr_t, uintptr_t)') as Call<
      [Address, Address, Pointer, Pointer]
    >,
    memoryDestroy: library.func('int dnnl_memory_destroy(uintptr_t)') as Call<[Pointer]>,
    memoryByStrides: library.func(
      'int dnnl_memory_desc_init_by_strides(void *, int, void *, int, void *)',
    ) as Call<[Address, number, Address, number, Address]>,
    memoryByTag: library.func('int dnnl_memory_desc_init_by_tag(void *, int, void *, int, int)') as Call<
      [Address, number, Address, number, number]
    >,
    memoryPart: library.func('int dnnl_memory_desc_init_submemory(void *, void *, void *, void *)') as Call<
      [Address, Address, Address, Address]
    >,
    memoryReshape: library.func('int dnnl_memory_desc_reshape(void *, void *, int, void *)') as Call<
      [Address, Address, number, Address]
    >,
    memorySize: library.func('size_t dnnl_memory_desc_get_size(void *)') as Call<[Address]>,
    ...bindAttributes(library),
    ...bindOperations(library),
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
    appendSum: library.func('int dnnl_post_ops_append_sum(uintptr_t, float)') as Call<[Pointer, number]>,
    appendEltwise: library.func(
      'int dnnl_post_ops_append_eltwise(uintptr_t, float, int, float, float)',
    ) as Call<[Pointer, number, number, number, number]>,
    appendBinary: library.func('int dnnl_post_ops_append_binary(uintptr_t, int, void *)') as Call<
      [Pointer, number, Address]
    >,
  };
}

/** The functions that describe each kind of primitive. */
function bindOperations(library: LibraryHandle) {
  return {
    convolutionForward: library.func(
      'int dnnl_convolution_forward_desc_init(void *, int, int, void *, void *, void *, void *, void *, void *, void *)',
    ) as Call<[Address, number, number, Address, Address, Address, Address, Address, Address, Address]>,
    convolutionInputGradient: library.func(
      'int dnnl_convolution_backward_data_desc_init(void *, int, void *, void *, void *, void *, void *, void *)',
    ) as Call<[Address, number, Address, Address, Address, Address, Address, Address]>,
    convolutionWeightGradient: library.func(
      'int dnnl_convolution_backward_weights_desc_init(void *, int, void *, void *, void *, void *, void *, void *, void *)',
    ) as Call<[Address, number, Address, Address, Address, Address, Address, Address, Address]>,
    batchNormForward: library.func(
      'int dnnl_batch_normalization_forward_desc_init(void *, int, void *, float, unsigned int)',
    ) as Call<[Address, number, Address, number, number]>,
    batchNormGradient: library.func(
      'int dnnl_batch_normalization_backward_desc_init(void *, int, void *, void *, float, unsigned int)',
    ) as Call<[Address, number, Address, Address, number, number]>,
    eltwiseForward: library.func(
      'int dnnl_eltwise_forward_desc_init(void *, int, int, void *, float, float)',
    ) as Call<[Address, number, number, Address, number, number]>,
    eltwiseGradient: library.func(
      'int dnnl_eltwise_backward_desc_init(void *, int, void *, void *, float, float)',
    ) as Call<[Address, number, Address, Address, number, number]>,
    binary: library.func('int dnnl_binary_desc_init(void *, int, void *, void *, void *)') as Call<
      [Address, number, Address, Address, Address]
    >,
    poolingForward: library.func(
      'int dnnl_pooling_forward_desc_init(void *, int, int, void *, void *, void *, void *, void *, void *)',
    ) as Call<[Address, number, number, Address, Address, Address, Address, Address, Address]>,
    poolingGradient: library.func(
      'int dnnl_pooling_backward_desc_init(void *, int, void *, void *, void *, void *, void *, void *)',
    ) as Call<[Address, number, Address, Address, Address, Address, Address, Address]>,
    matmul: library.func('int dnnl_matmul_desc_init(void *, void *, void *, void *, void *)') as Call<
      [Address, Address, Address, Address, Address]
    >,
    layerNorm: library.func(
      'int dnnl_layer_normalization_forward_desc_init(void *, int, void *, void *, float, unsigned int)',
    ) as Call<[Address, number, Address, Address, number, number]>,
    ...bindDirect(library),
  };
}

/** Kinds that have no operation descriptor: they create the primitive descriptor at once. */
function bindDirect(library: LibraryHandle) {
  return {
    reorder: library.func(
      'int dnnl_reorder_primitive_desc_create(void *, void *, uintptr_t, void *, uintptr_t, uintptr_t)',
    ) as Call<[Address, Address, Pointer, Address, Pointer, Pointer]>,
    sum: library.func(
      'int dnnl_sum_primitive_desc_create(void *, void *, int, void *, void *, uintptr_t, uintptr_t)',
    ) as Call<[Address, Address, number, Address, Address, Pointer, Pointer]>,
  };
}

/** oneDNN 2's functions. */
export type Functions = ReturnType<typeof bindFunctions>;
