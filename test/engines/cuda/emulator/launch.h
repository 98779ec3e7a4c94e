// What compiled kernels and the runtime know of each other. No standard header is included: kernels are compiled with this one.
#pragma once

struct Index {
  unsigned x, y, z;
};

// One launch: the kernel's function, its variables, and the shared memory that it uses.
struct Launch {
  const char *name;
  void (*body)(void *const *pointers);
  void *const *pointers;
  unsigned blocks, threads;
  Index *thread, *block;
  char *shared;
  unsigned long sharedBytes;
};

extern "C" {
// Runs all blocks, in an order that the seed gives (0: ascending). Returns 0, or 1 where emulator_error() says what went wrong.
int emulator_run(const Launch *launch, unsigned seed);
// __syncthreads().
void emulator_barrier(const char *file, int line);
// Gives a value to the warp and waits for those of its lanes in the mask; returns what each of the 32 lanes gave.
const unsigned *emulator_exchange(unsigned mask, unsigned value);
}
