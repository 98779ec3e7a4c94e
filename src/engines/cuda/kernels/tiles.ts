/**
 * CUDA C++ for products on tensor cores, after the prelude: tiles of bf16 in shared memory, sums in f32 in registers. A warp multiplies
 * pieces of 16×8 numbers, of which lane l holds four: rows l/4 and l/4 + 8, columns 2·(l mod 4) and the next one (PTX, mma.m16n8k16).
 */
export const tiles = `
__device__ __forceinline__ void storeWords(bf16* p, const u32 (&w)[1]) { *(u32*)p = w[0]; }
__device__ __forceinline__ void storeWords(bf16* p, const u32 (&w)[2]) { uint2 v; v.x = w[0]; v.y = w[1]; *(uint2*)p = v; }
__device__ __forceinline__ void storeWords(bf16* p, const u32 (&w)[4]) {
  uint4 v; v.x = w[0]; v.y = w[1]; v.z = w[2]; v.w = w[3]; *(uint4*)p = v;
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
/* The 16×16 left operand of a piece: from rows of k (false), or from rows of what is kept (true). */
template <bool ACROSS> __device__ __forceinline__ void leftPiece(u32 (&r)[4], const bf16* p, int pitch) {
  const int lane = threadIdx.x & 31;
  if (ACROSS) {
    const u32 at = (u32)__cvta_generic_to_shared(p + ((lane & 7) + (lane >> 4) * 8) * pitch + ((lane >> 3) & 1) * 8);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
      : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
  } else {
    const bf16* q = p + (lane >> 2) * pitch + 2 * (lane & 3);
    r[0] = *(const u32*)q;
    r[1] = *(const u32*)(q + 8 * pitch);
    r[2] = *(const u32*)(q + 8);
    r[3] = *(const u32*)(q + 8 * pitch + 8);
  }
}
/* The 16×8 right operand. */
template <bool ACROSS> __device__ __forceinline__ void rightPiece(u32 (&r)[2], const bf16* p, int pitch) {
  const int lane = threadIdx.x & 31;
  if (ACROSS) {
    const u32 at = (u32)__cvta_generic_to_shared(p + (lane & 15) * pitch);
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(at));
  } else {
    const bf16* q = p + (lane >> 2) * pitch + 2 * (lane & 3);
    r[0] = *(const u32*)q;
    r[1] = *(const u32*)(q + 8);
  }
}
__device__ __forceinline__ void multiplyPiece(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
    : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
    : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

/*
 * Adds the product of two tiles over DEPTH to a warp's sums. The left tile holds [row][k], or [k][row] if it lies ACROSS; the right one
 * [column][k], or [k][column].
 */
template <int DEPTH, bool LEFT_ACROSS, bool RIGHT_ACROSS, int M, int N>
__device__ __forceinline__ void multiplyTiles(float (&sums)[M][N][4], const bf16* left, int leftPitch, const bf16* right, int rightPitch) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  #pragma unroll
  for (int k = 0; k < DEPTH; k += 16) {
    u32 a[M][4];
    #pragma unroll
    for (int m = 0; m < M; ++m)
      leftPiece<LEFT_ACROSS>(a[m], LEFT_ACROSS ? left + k * leftPitch + 16 * m : left + 16 * m * leftPitch + k, leftPitch);
    #pragma unroll
    for (int n = 0; n < N; ++n) {
      u32 b[2];
      rightPiece<RIGHT_ACROSS>(b, RIGHT_ACROSS ? right + k * rightPitch + 8 * n : right + 8 * n * rightPitch + k, rightPitch);
      #pragma unroll
      for (int m = 0; m < M; ++m) multiplyPiece(sums[m][n], a[m], b);
    }
  }
#else
  const int lane = threadIdx.x & 31;
  for (int m = 0; m < M; ++m)
    for (int n = 0; n < N; ++n)
      for (int i = 0; i < 4; ++i) {
        const int row = 16 * m + (lane >> 2) + 8 * (i >> 1), column = 8 * n + 2 * (lane & 3) + (i & 1);
        for (int k = 0; k < DEPTH; ++k)
          sums[m][n][i] += widen(left[LEFT_ACROSS ? k * leftPitch + row : row * leftPitch + k]) *
            widen(right[RIGHT_ACROSS ? k * rightPitch + column : column * rightPitch + k]);
      }
#endif
}
`;
