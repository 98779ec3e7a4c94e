import type { LibraryHandle } from 'koffi';
import { type Address, bindCommon, type Call } from '../native/functions.js';

/** Declares the functions of oneDNN 2's C API. */
export function bindFunctions(library: LibraryHandle) {
  const appendEltwise = library.func(
    'int dnnl_post_ops_append_eltwise(uintptr_t, float, int, float, float)',
  ) as Call<[number, number, number, number, number]>;
  return {
    ...bindCommon(library),
    memoryByStrides: library.func(
      'int dnnl_memory_desc_init_by_strides(void *, int, void *, int, void *)',
    ) as Call<[Address, number, Address, number, Address]>,
    memoryByTag: library.func('int dnnl_memory_desc_init_by_tag(void *, int, void *, int, int)') as Call<
      [Address, number, Address, number, number]
    >,
    memoryPart: library.func('int dnnl_memory_desc_init_submemory(void *, void *, void *, void *)') as Call<
      [Address, Address, Address, Address]
    >,
    descCreate: library.func(
      'int dnnl_primitive_desc_create(void *, void *, uintptr_t, uintptr_t, uintptr_t)',
    ) as Call<[Address, Address, number, number, number]>,
    appendSum: library.func('int dnnl_post_ops_append_sum(uintptr_t, float)') as Call<[number, number]>,
    appendEltwise: (list: number, kind: number, alpha: number, beta: number): number =>
      appendEltwise(list, 1, kind, alpha, beta),
    sum: library.func(
      'int dnnl_sum_primitive_desc_create(void *, void *, int, void *, void *, uintptr_t, uintptr_t)',
    ) as Call<[Address, Address, number, Address, Address, number, number]>,
    ...bindOperations(library),
  };
}

/** The functions that describe each kind of primitive. */
function bindOperations(library: LibraryHandle) {
  return {
    convolutionForward: library.func(
      'int dnnl_dilated_convolution_forward_desc_init(void *, int, int, void *, void *, void *, void *, void *, void *, void *, void *)',
    ) as Call<
      [Address, number, number, Address, Address, Address, Address, Address, Address, Address, Address]
    >,
    convolutionInputGradient: library.func(
      'int dnnl_dilated_convolution_backward_data_desc_init(void *, int, void *, void *, void *, void *, void *, void *, void *)',
    ) as Call<[Address, number, Address, Address, Address, Address, Address, Address, Address]>,
    convolutionWeightGradient: library.func(
      'int dnnl_dilated_convolution_backward_weights_desc_init(void *, int, void *, void *, void *, void *, void *, void *, void *, void *)',
    ) as Call<[Address, number, Address, Address, Address, Address, Address, Address, Address, Address]>,
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
    reduction: library.func(
      'int dnnl_reduction_desc_init(void *, int, void *, void *, float, float)',
    ) as Call<[Address, number, Address, Address, number, number]>,
    logSoftmax: library.func('int dnnl_logsoftmax_forward_desc_init(void *, int, void *, int)') as Call<
      [Address, number, Address, number]
    >,
    layerNorm: library.func(
      'int dnnl_layer_normalization_forward_desc_init(void *, int, void *, void *, float, unsigned int)',
    ) as Call<[Address, number, Address, Address, number, number]>,
  };
}

/** oneDNN 2's functions. */
export type Functions = ReturnType<typeof bindFunctions>;
