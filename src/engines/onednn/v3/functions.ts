import type { LibraryHandle } from 'koffi';
import type { Pointer } from '../memoryDesc.js';
import { type Address, bindCommon, type Call } from '../native/functions.js';
import { TYPE_OF_RESULT } from './numbers.js';

/** Declares the functions of oneDNN 3's C API. */
export function bindFunctions(library: LibraryHandle) {
  const appendSum = library.func('int dnnl_post_ops_append_sum(uintptr_t, float, int32_t, int)') as Call<
    [Pointer, number, number, number]
  >;
  return {
    ...bindCommon(library),
    ...bindMemoryDescs(library),
    ...bindConvolutions(library),
    ...bindGradients(library),
    ...bindOthers(library),
    appendSum: (list: Pointer, scale: number): number => appendSum(list, scale, 0, TYPE_OF_RESULT),
    nextImplementation: library.func('int dnnl_primitive_desc_next_impl(uintptr_t)') as Call<[Pointer]>,
    appendEltwise: library.func('int dnnl_post_ops_append_eltwise(uintptr_t, int, float, float)') as Call<
      [Pointer, number, number, number]
    >,
  };
}

function bindMemoryDescs(library: LibraryHandle) {
  return {
    memoryByStrides: library.func(
      'int dnnl_memory_desc_create_with_strides(void *, int, void *, int, void *)',
    ) as Call<[Address, number, Address, number, Address]>,
    memoryByTag: library.func('int dnnl_memory_desc_create_with_tag(void *, int, void *, int, int)') as Call<
      [Address, number, Address, number, number]
    >,
    memoryPart: library.func('int dnnl_memory_desc_create_submemory(void *, void *, void *, void *)') as Call<
      [Address, Address, Address, Address]
    >,
    memoryClone: library.func('int dnnl_memory_desc_clone(void *, void *)') as Call<[Address, Address]>,
    memoryDescDestroy: library.func('int dnnl_memory_desc_destroy(void *)') as Call<[Address]>,
    memoryEqual: library.func('int dnnl_memory_desc_equal(void *, void *)') as Call<[Address, Address]>,
    memoryQuery: library.func('int dnnl_memory_desc_query(void *, int, void *)') as Call<
      [Address, number, Address]
    >,
  };
}

/** Convolutions: out, engine, pass, algorithm, tensors, window (strides, dilation, padding), hint, attributes. */
function bindConvolutions(library: LibraryHandle) {
  return {
    convolutionForward: library.func(
      'int dnnl_convolution_forward_primitive_desc_create(void *, uintptr_t, int, int, void *, void *, void *, void *, void *, void *, void *, void *, uintptr_t)',
    ) as Call<[Address, Pointer, number, number, ...Addresses8, Pointer]>,
    convolutionInputGradient: library.func(
      'int dnnl_convolution_backward_data_primitive_desc_create(void *, uintptr_t, int, void *, void *, void *, void *, void *, void *, void *, uintptr_t, uintptr_t)',
    ) as Call<[Address, Pointer, number, ...Addresses7, Pointer, Pointer]>,
    convolutionWeightGradient: library.func(
      'int dnnl_convolution_backward_weights_primitive_desc_create(void *, uintptr_t, int, void *, void *, void *, void *, void *, void *, void *, void *, uintptr_t, uintptr_t)',
    ) as Call<[Address, Pointer, number, ...Addresses8, Pointer, Pointer]>,
  };
}

type Addresses7 = [Address, Address, Address, Address, Address, Address, Address];
type Addresses8 = [...Addresses7, Address];

/** Gradients that take the forward primitive's descriptor as a hint, before the attributes. */
function bindGradients(library: LibraryHandle) {
  return {
    batchNormGradient: library.func(
      'int dnnl_batch_normalization_backward_primitive_desc_create(void *, uintptr_t, int, void *, void *, void *, float, unsigned int, uintptr_t, uintptr_t)',
    ) as Call<[Address, Pointer, number, Address, Address, Address, number, number, Pointer, Pointer]>,
    eltwiseGradient: library.func(
      'int dnnl_eltwise_backward_primitive_desc_create(void *, uintptr_t, int, void *, void *, void *, float, float, uintptr_t, uintptr_t)',
    ) as Call<[Address, Pointer, number, Address, Address, Address, number, number, Pointer, Pointer]>,
    poolingGradient: library.func(
      'int dnnl_pooling_backward_primitive_desc_create(void *, uintptr_t, int, void *, void *, void *, void *, void *, void *, void *, uintptr_t, uintptr_t)',
    ) as Call<[Address, Pointer, number, ...Addresses7, Pointer, Pointer]>,
  };
}

function bindOthers(library: LibraryHandle) {
  return {
    batchNormForward: library.func(
      'int dnnl_batch_normalization_forward_primitive_desc_create(void *, uintptr_t, int, void *, void *, float, unsigned int, uintptr_t)',
    ) as Call<[Address, Pointer, number, Address, Address, number, number, Pointer]>,
    eltwiseForward: library.func(
      'int dnnl_eltwise_forward_primitive_desc_create(void *, uintptr_t, int, int, void *, void *, float, float, uintptr_t)',
    ) as Call<[Address, Pointer, number, number, Address, Address, number, number, Pointer]>,
    poolingForward: library.func(
      'int dnnl_pooling_forward_primitive_desc_create(void *, uintptr_t, int, int, void *, void *, void *, void *, void *, void *, void *, uintptr_t)',
    ) as Call<[Address, Pointer, number, number, ...Addresses7, Pointer]>,
    matmul: library.func(
      'int dnnl_matmul_primitive_desc_create(void *, uintptr_t, void *, void *, void *, void *, uintptr_t)',
    ) as Call<[Address, Pointer, Address, Address, Address, Address, Pointer]>,
    binary: library.func(
      'int dnnl_binary_primitive_desc_create(void *, uintptr_t, int, void *, void *, void *, uintptr_t)',
    ) as Call<[Address, Pointer, number, Address, Address, Address, Pointer]>,
    sum: library.func(
      'int dnnl_sum_primitive_desc_create(void *, uintptr_t, void *, int, void *, void *, uintptr_t)',
    ) as Call<[Address, Pointer, Address, number, Address, Address, Pointer]>,
    reduction: library.func(
      'int dnnl_reduction_primitive_desc_create(void *, uintptr_t, int, void *, void *, float, float, uintptr_t)',
    ) as Call<[Address, Pointer, number, Address, Address, number, number, Pointer]>,
    softmax: library.func(
      'int dnnl_softmax_forward_primitive_desc_create(void *, uintptr_t, int, int, void *, void *, int, uintptr_t)',
    ) as Call<[Address, Pointer, number, number, Address, Address, number, Pointer]>,
    layerNorm: library.func(
      'int dnnl_layer_normalization_forward_primitive_desc_create(void *, uintptr_t, int, void *, void *, void *, float, unsigned int, uintptr_t)',
    ) as Call<[Address, Pointer, number, Address, Address, Address, number, number, Pointer]>,
  };
}

/** oneDNN 3's functions. */
export type Functions = ReturnType<typeof bindFunctions>;
