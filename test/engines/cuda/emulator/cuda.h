// The words of CUDA C++ that kernels use, for a C++ compiler. As with NVRTC, nothing else is there: no standard header is included.
#pragma once
#include "launch.h"

#define CUDA_EMULATOR 1
#define warpSize 32

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
// A section for each kernel, so that its shared memory can be found.
#define __shared__ static __attribute__((section(SHARED_SECTION)))

static Index threadIdx, blockIdx, blockDim, gridDim;

#define __syncthreads() emulator_barrier(__FILE__, __LINE__)
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __syncwarp(unsigned mask = 0xffffffffu) { emulator_exchange(mask, 0); }

// Vectors, aligned as on the device.
#define VECTOR2(name, type, bytes) \
  struct __attribute__((aligned(bytes))) name { type x, y; }; \
  static inline name make_##name(type x, type y) { return {x, y}; }
#define VECTOR4(name, type, bytes) \
  struct __attribute__((aligned(bytes))) name { type x, y, z, w; }; \
  static inline name make_##name(type x, type y, type z, type w) { return {x, y, z, w}; }
VECTOR2(float2, float, 8)
VECTOR2(int2, int, 8)
VECTOR2(uint2, unsigned, 8)
VECTOR2(ushort2, unsigned short, 4)
VECTOR2(uchar2, unsigned char, 2)
VECTOR4(float4, float, 16)
VECTOR4(int4, int, 16)
VECTOR4(uint4, unsigned, 16)
VECTOR4(ushort4, unsigned short, 8)
VECTOR4(uchar4, unsigned char, 4)

// The same bits as another type of 4 bytes.
template <class To, class From> static inline To sameBits(From value) {
  static_assert(sizeof(To) == 4 && sizeof(From) == 4, "values of 4 bytes");
  To result;
  __builtin_memcpy(&result, &value, 4);
  return result;
}
static inline unsigned __float_as_uint(float x) { return sameBits<unsigned>(x); }
static inline int __float_as_int(float x) { return sameBits<int>(x); }
static inline float __uint_as_float(unsigned x) { return sameBits<float>(x); }
static inline float __int_as_float(int x) { return sameBits<float>(x); }

extern "C" {
float expf(float), exp2f(float), expm1f(float), logf(float), log2f(float), log1pf(float), sqrtf(float), fabsf(float), tanhf(float),
    erff(float), powf(float, float), floorf(float), ceilf(float), rintf(float), roundf(float), truncf(float), fmodf(float, float),
    sinf(float), cosf(float), fmaf(float, float, float), fmaxf(float, float), fminf(float, float);
}
static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline float __expf(float x) { return expf(x); }
static inline float __logf(float x) { return logf(x); }
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
static inline int __float2int_rn(float x) { return (int)rintf(x); }
static inline int isnan(float x) { return x != x; }

static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
static inline long long min(long long a, long long b) { return a < b ? a : b; }
static inline long long max(long long a, long long b) { return a > b ? a : b; }
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
static inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  unsigned long long bytes = (unsigned long long)b << 32 | a;
  unsigned result = 0;
  for (int i = 0; i < 4; i++) result |= (unsigned)(bytes >> 8 * (selector >> 4 * i & 7) & 0xff) << 8 * i;
  return result;
}
template <class T> static inline T __ldg(const T *from) { return *from; }

// Blocks and threads take turns, so plain code is atomic. Each returns what was there before.
template <class T> static inline T atomicAdd(T *at, T value) {
  T before = *at;
  *at = before + value;
  return before;
}
static inline int atomicMax(int *at, int value) {
  int before = *at;
  *at = max(before, value);
  return before;
}
static inline unsigned atomicMax(unsigned *at, unsigned value) {
  unsigned before = *at;
  *at = max(before, value);
  return before;
}
template <class T> static inline T atomicExch(T *at, T value) {
  T before = *at;
  *at = value;
  return before;
}
// Counts up to `last`, then begins at 0.
static inline unsigned atomicInc(unsigned *at, unsigned last) {
  unsigned before = *at;
  *at = before >= last ? 0 : before + 1;
  return before;
}

// Shuffles within `width` lanes. A lane that would read past them keeps its own value.
template <class T> static inline T shuffle(unsigned mask, T value, unsigned source, bool inside) {
  unsigned lane = threadIdx.x % 32;
  const unsigned *given = emulator_exchange(mask, sameBits<unsigned>(value));
  return sameBits<T>(given[inside ? source : lane]);
}
template <class T> static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  unsigned first = threadIdx.x % 32 / width * width;
  return shuffle(mask, value, first + (unsigned)source % width, true);
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
  unsigned lane = threadIdx.x % 32, source = lane ^ bits;
  return shuffle(mask, value, source, source / width <= lane / width);
}
template <class T> static inline T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32) {
  unsigned lane = threadIdx.x % 32, source = lane + distance;
  return shuffle(mask, value, source, source / width == lane / width);
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32) {
  unsigned lane = threadIdx.x % 32;
  return shuffle(mask, value, lane - distance, lane % width >= distance);
}
static inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const unsigned *given = emulator_exchange(mask, predicate != 0);
  unsigned result = 0;
  for (int lane = 0; lane < 32; lane++) result |= mask >> lane & given[lane] & 1 ? 1u << lane : 0;
  return result;
}
static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

// Calls a kernel with pointers from an array.
template <int... I> struct Places {};
template <int N, int... I> struct Count : Count<N - 1, N - 1, I...> {};
template <int... I> struct Count<0, I...> {
  using places = Places<I...>;
};
template <auto kernel, class... P, int... I> static inline void callWith(void (*)(P...), void *const *pointers, Places<I...>) {
  kernel(static_cast<P>(pointers[I])...);
}
template <class... P> constexpr int parametersOf(void (*)(P...)) { return sizeof...(P); }
template <auto kernel> static void call(void *const *pointers) {
  callWith<kernel>(kernel, pointers, typename Count<parametersOf(kernel)>::places());
}

// What the device calls: the number of a kernel's parameters, the bytes of its shared memory, and a launch.
#define EMULATED_KERNEL(label, function, identity) \
  extern "C" char __start_section_##identity[] __attribute__((weak, visibility("hidden"))); \
  extern "C" char __stop_section_##identity[] __attribute__((weak, visibility("hidden"))); \
  extern "C" __attribute__((visibility("default"))) int parameters_##identity() { return parametersOf(function); } \
  extern "C" __attribute__((visibility("default"))) int shared_##identity() { \
    return (int)(__stop_section_##identity - __start_section_##identity); \
  } \
  extern "C" __attribute__((visibility("default"))) int run_##identity( \
      unsigned blocks, unsigned threads, void *const *pointers, unsigned seed) { \
    gridDim = {blocks, 1, 1}; \
    blockDim = {threads, 1, 1}; \
    Launch launch = {label, call<function>, pointers, blocks, threads, &threadIdx, &blockIdx, __start_section_##identity, \
        (unsigned long)shared_##identity()}; \
    return emulator_run(&launch, seed); \
  }
