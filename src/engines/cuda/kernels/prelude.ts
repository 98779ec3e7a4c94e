import { tiles } from './tiles.js';

/**
 * CUDA C++ that precedes every module of kernels: bf16 as the upper half of an f32, and loads and stores of consecutive elements
 * in words of up to 16 bytes. It needs no header, so that NVRTC alone compiles it.
 */
export const prelude = `
typedef unsigned short bf16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define LANES(V) _Pragma("unroll") for (int j = 0; j < V; ++j)

__device__ __forceinline__ float widen(bf16 x) { return __uint_as_float((u32)x << 16); }
__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ int widen(int x) { return x; }

__device__ __forceinline__ u32 roundToBf16(float x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  unsigned short r;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r) : "f"(x));
  return r;
#else
  u32 u = __float_as_uint(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return 0x7fffu;
  return (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
#endif
}
/* Two neighbours in one word, the first in its lower half. */
__device__ __forceinline__ u32 packBf16(float a, float b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  u32 r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(b), "f"(a));
  return r;
#else
  return roundToBf16(a) | (roundToBf16(b) << 16);
#endif
}
/* A number as it is stored in bf16. */
__device__ __forceinline__ float roundedToBf16(float x) { return widen((bf16)roundToBf16(x)); }
__device__ __forceinline__ void narrow(bf16* p, float x) { *p = (bf16)roundToBf16(x); }
__device__ __forceinline__ void narrow(float* p, float x) { *p = x; }
__device__ __forceinline__ void narrow(int* p, int x) { *p = x; }

__device__ __forceinline__ float lowHalf(u32 w) { return __uint_as_float(w << 16); }
__device__ __forceinline__ float highHalf(u32 w) { return __uint_as_float(w & 0xffff0000u); }

/* V consecutive elements in words of W of them. */
template <int V, int W> struct Words;
template <int V> struct Words<V, 1> {
  template <class T, class R> static __device__ __forceinline__ void load(R (&r)[V], const T* p) { LANES(V) r[j] = widen(p[j]); }
  template <class T, class R> static __device__ __forceinline__ void store(T* p, const R (&r)[V]) { LANES(V) narrow(p + j, r[j]); }
};
template <int V> struct Words<V, 2> {
  static __device__ __forceinline__ void load(float (&r)[V], const bf16* p) {
    LANES(V / 2) { u32 w = ((const u32*)p)[j]; r[2 * j] = lowHalf(w); r[2 * j + 1] = highHalf(w); }
  }
  static __device__ __forceinline__ void store(bf16* p, const float (&r)[V]) {
    LANES(V / 2) ((u32*)p)[j] = packBf16(r[2 * j], r[2 * j + 1]);
  }
  static __device__ __forceinline__ void load(float (&r)[V], const float* p) {
    LANES(V / 2) { float2 w = ((const float2*)p)[j]; r[2 * j] = w.x; r[2 * j + 1] = w.y; }
  }
  static __device__ __forceinline__ void store(float* p, const float (&r)[V]) {
    LANES(V / 2) { float2 w; w.x = r[2 * j]; w.y = r[2 * j + 1]; ((float2*)p)[j] = w; }
  }
};
template <int V> struct Words<V, 4> {
  static __device__ __forceinline__ void load(float (&r)[V], const bf16* p) {
    LANES(V / 4) {
      uint2 w = ((const uint2*)p)[j];
      r[4 * j] = lowHalf(w.x); r[4 * j + 1] = highHalf(w.x); r[4 * j + 2] = lowHalf(w.y); r[4 * j + 3] = highHalf(w.y);
    }
  }
  static __device__ __forceinline__ void store(bf16* p, const float (&r)[V]) {
    LANES(V / 4) {
      uint2 w; w.x = packBf16(r[4 * j], r[4 * j + 1]); w.y = packBf16(r[4 * j + 2], r[4 * j + 3]);
      ((uint2*)p)[j] = w;
    }
  }
  static __device__ __forceinline__ void load(float (&r)[V], const float* p) {
    LANES(V / 4) { float4 w = ((const float4*)p)[j]; r[4 * j] = w.x; r[4 * j + 1] = w.y; r[4 * j + 2] = w.z; r[4 * j + 3] = w.w; }
  }
  static __device__ __forceinline__ void store(float* p, const float (&r)[V]) {
    LANES(V / 4) { float4 w; w.x = r[4 * j]; w.y = r[4 * j + 1]; w.z = r[4 * j + 2]; w.w = r[4 * j + 3]; ((float4*)p)[j] = w; }
  }
};
template <int V> struct Words<V, 8> {
  static __device__ __forceinline__ void load(float (&r)[V], const bf16* p) {
    LANES(V / 8) {
      uint4 w = ((const uint4*)p)[j];
      r[8 * j] = lowHalf(w.x); r[8 * j + 1] = highHalf(w.x); r[8 * j + 2] = lowHalf(w.y); r[8 * j + 3] = highHalf(w.y);
      r[8 * j + 4] = lowHalf(w.z); r[8 * j + 5] = highHalf(w.z); r[8 * j + 6] = lowHalf(w.w); r[8 * j + 7] = highHalf(w.w);
    }
  }
  static __device__ __forceinline__ void store(bf16* p, const float (&r)[V]) {
    LANES(V / 8) {
      uint4 w;
      w.x = packBf16(r[8 * j], r[8 * j + 1]); w.y = packBf16(r[8 * j + 2], r[8 * j + 3]);
      w.z = packBf16(r[8 * j + 4], r[8 * j + 5]); w.w = packBf16(r[8 * j + 6], r[8 * j + 7]);
      ((uint4*)p)[j] = w;
    }
  }
};

/* What another block of the same launch has written: past the cache of this processor. */
template <int V> __device__ __forceinline__ void loadFresh(float (&r)[V], const float* p) {
#if defined(__CUDA_ARCH__)
  if (V % 4 == 0) {
    LANES(V / 4)
      asm volatile("ld.global.cg.v4.f32 {%0, %1, %2, %3}, [%4];"
        : "=f"(r[4 * j]), "=f"(r[(4 * j + 1) % V]), "=f"(r[(4 * j + 2) % V]), "=f"(r[(4 * j + 3) % V]) : "l"(p + 4 * j));
  } else {
    LANES(V) asm volatile("ld.global.cg.f32 %0, [%1];" : "=f"(r[j]) : "l"(p + j));
  }
#else
  LANES(V) r[j] = p[j];
#endif
}

/* Makes Σ(x − f) and Σ(x − f)² of n terms those of distances from f − d. */
__device__ __forceinline__ void moveSums(float& sum, float& squares, float n, float d) {
  squares += d * (2.0f * sum + n * d);
  sum += n * d;
}

/* The larger and the smaller number; NaN if one is. */
__device__ __forceinline__ float larger(float a, float b) { return a > b || a != a ? a : b; }
__device__ __forceinline__ float smaller(float a, float b) { return a < b || a != a ? a : b; }
__device__ __forceinline__ float within(float x, float low, float high) { return smaller(larger(x, low), high); }
__device__ __forceinline__ float sigmoidOf(float x) { return 1.0f / (1.0f + expf(-x)); }
`.concat(tiles);
