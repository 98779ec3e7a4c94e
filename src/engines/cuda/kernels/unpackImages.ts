import type { KernelSource, LaunchShape } from '../device.js';

/** Most threads of a block, which writes one row of an image. */
const MOST_THREADS = 256;
/** Threads that go together. */
const WARP = 32;

/**
 * Writes images of bytes as numbers, [N, C, S, S]. Values are looked up, not computed: they are those of the calling thread's tables, to the
 * bit. See `ImageBytes` for the parameters; `sizes` are S and C.
 */
export const unpackImages: KernelSource = {
  name: 'unpackImages',
  source: `
extern "C" __global__ void unpackImages(const int* sizes, const float* tables, const int* placements, const unsigned char* pixels, float* images) {
  const int size = sizes[0], channels = sizes[1];
  const int row = blockIdx.x, plane = row / size, image = plane / channels;
  const int* placement = placements + 3 * image;
  const int y = placement[0] + row % size, left = placement[1], isMirrored = placement[2];
  const float* table = tables + 256 * (plane % channels);
  const unsigned char* source = pixels + ((long long)plane * size + y) * size;
  float* target = images + (long long)row * size;
  for (int i = threadIdx.x; i < size; i += blockDim.x) {
    const int x = left + (isMirrored ? size - 1 - i : i);
    const bool isInside = y >= 0 && y < size && x >= 0 && x < size;
    target[i] = table[isInside ? source[x] : 0];
  }
}
`,
};

/** Blocks and threads for so many rows of a size. */
export function unpackShape(rows: number, size: number): LaunchShape {
  return { blocks: rows, threads: Math.min(MOST_THREADS, WARP * Math.ceil(size / WARP)) };
}
