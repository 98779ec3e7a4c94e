// Executes kernels on the processor: one block after another, its threads as fibers that take turns at barriers and shuffles.
#include "launch.h"
#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <utility>
#include <vector>

namespace {

constexpr unsigned THREADS = 1024, WARP = 32;
constexpr size_t STACK = 128 << 10;

// A stack on which threads run, one after another as long as none has to wait.
struct Fiber {
  jmp_buf context;
  ucontext_t start;
  unsigned thread;
};

// Threads that wait together: their fibers, and where.
struct Waiting {
  std::vector<unsigned> fibers;
  const char *file;
  int line;
};

struct Warp {
  // Fibers of the lanes that wait; which lanes those are; whom they wait for; where the lanes write: two places in turn.
  unsigned fibers[WARP];
  unsigned arrived, mask, turn;
  unsigned given[2][WARP];
};

std::mutex one;
char message[1024];
Fiber fibers[THREADS];
char *stacks;
// Fibers that have begun, in this block and ever.
unsigned used, made;
unsigned current;
std::vector<unsigned> idle, ready, order;
Waiting barrier;
Warp warps[THREADS / WARP];
unsigned nextThread, ended;
jmp_buf host;
const Launch *launched;
pthread_t owner;
volatile bool active;

enum { DONE = 1, FAILED = 2 };

// Ends the launch with a sentence. Fibers in the middle of a kernel are given up.
[[noreturn]] void fail(const char *format, ...) {
  int length = snprintf(message, sizeof message, "kernel %s, block %u, thread %u: ", launched->name, launched->block->x,
      fibers[current].thread);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message + length, sizeof message - length, format, arguments);
  va_end(arguments);
  _longjmp(host, FAILED);
}

[[noreturn]] void next();

// Runs threads that nobody runs yet, then waits for more.
void fiberMain() {
  for (;;) {
    while (nextThread < launched->threads) {
      fibers[current].thread = order[nextThread++];
      launched->thread->x = fibers[current].thread;
      launched->body(launched->pointers);
      ended++;
    }
    idle.push_back(current);
    if (_setjmp(fibers[current].context) == 0) next();
  }
}

// Goes on with a fiber that never ran.
[[noreturn]] void begin(unsigned fiber) {
  current = fiber;
  if (fiber < made) _longjmp(fibers[fiber].context, DONE);
  ucontext_t &start = fibers[fiber].start;
  getcontext(&start);
  // Stacks begin at different places of a page, so that they don't meet in the same sets of the cache.
  start.uc_stack.ss_sp = stacks + fiber * STACK;
  start.uc_stack.ss_size = STACK - fiber * 320 % 4096;
  start.uc_link = nullptr;
  makecontext(&start, fiberMain, 0);
  made = fiber + 1;
  setcontext(&start);
  __builtin_unreachable();
}

[[noreturn]] void deadlock() {
  if (!barrier.fibers.empty()) {
    current = barrier.fibers[0];
    fail("it waits at __syncthreads() in line %d of %s with %zu of the block's %u threads, while %u have ended", barrier.line,
        barrier.file, barrier.fibers.size(), launched->threads, ended);
  }
  for (Warp &warp : warps)
    if (warp.arrived) {
      current = warp.fibers[__builtin_ctz(warp.arrived)];
      fail("it waits for the lanes %08x of its warp at a shuffle, where only %08x are", warp.mask, warp.arrived);
    }
  __builtin_unreachable();
}

// Gives the processor to a fiber that can go on, or back to the host when the block is done.
[[noreturn]] void next() {
  if (!ready.empty()) {
    current = ready.back();
    ready.pop_back();
    _longjmp(fibers[current].context, DONE);
  }
  if (nextThread < launched->threads) {
    if (idle.empty()) begin(used++);
    current = idle.back();
    idle.pop_back();
    _longjmp(fibers[current].context, DONE);
  }
  if (ended < launched->threads) deadlock();
  _longjmp(host, DONE);
}

// Lets others run until this fiber is ready.
void park() {
  if (_setjmp(fibers[current].context) == 0) next();
  launched->thread->x = fibers[current].thread;
}

void shuffle(std::vector<unsigned> &values, unsigned count, unsigned &state) {
  values.resize(count);
  for (unsigned i = 0; i < count; i++) values[i] = i;
  if (state == 0) return;
  for (unsigned i = count; i > 1; i--) {
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    std::swap(values[i - 1], values[state % i]);
  }
}

bool runBlock() {
  memset(launched->shared, 0xff, launched->sharedBytes);
  memset(warps, 0, sizeof warps);
  for (Warp &warp : warps) memset(warp.given, 0xff, sizeof warp.given);
  barrier.fibers.clear();
  idle.clear();
  ready.clear();
  nextThread = ended = used = 0;
  int outcome = _setjmp(host);
  if (outcome == 0) begin(used++);
  if (outcome == FAILED) made = 0;
  return outcome == DONE;
}

// A kernel that reads or writes where no memory is, or divides by zero.
void onSignal(int signal, siginfo_t *info, void *) {
  if (!active || !pthread_equal(pthread_self(), owner)) {
    ::signal(signal, SIG_DFL);
    return;
  }
  if (signal == SIGFPE) fail("division by zero");
  fail("it reads or writes at %p, which is outside of the device's memory", info->si_addr);
}

constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE};
} // namespace

extern "C" {

const char *emulator_error() { return message; }

int emulator_run(const Launch *launch, unsigned seed) {
  std::lock_guard<std::mutex> lock(one);
  if (!stacks) {
    void *memory = mmap(nullptr, THREADS * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return strcpy(message, "no memory for the threads' stacks"), 1;
    stacks = static_cast<char *>(memory);
  }
  struct sigaction before[3], handler = {};
  handler.sa_sigaction = onSignal;
  handler.sa_flags = SA_SIGINFO | SA_NODEFER;
  for (int i = 0; i < 3; i++) sigaction(SIGNALS[i], &handler, &before[i]);
  owner = pthread_self();
  launched = launch;
  unsigned state = seed;
  std::vector<unsigned> blocks;
  shuffle(blocks, launch->blocks, state);
  bool good = true;
  active = true;
  for (size_t i = 0; good && i < blocks.size(); i++) {
    if (i == 0 || state) shuffle(order, launch->threads, state);
    *launch->block = {blocks[i], 0, 0};
    good = runBlock();
  }
  active = false;
  for (int i = 0; i < 3; i++) sigaction(SIGNALS[i], &before[i], nullptr);
  return good ? 0 : 1;
}

void emulator_barrier(const char *file, int line) {
  if (barrier.fibers.empty()) barrier.file = file, barrier.line = line;
  if (barrier.line != line || strcmp(barrier.file, file))
    fail("it waits at __syncthreads() in line %d of %s, and another thread in line %d of %s", line, file, barrier.line, barrier.file);
  if (barrier.fibers.size() + 1 < launched->threads) {
    barrier.fibers.push_back(current);
    park();
    return;
  }
  ready.insert(ready.end(), barrier.fibers.begin(), barrier.fibers.end());
  barrier.fibers.clear();
}

const unsigned *emulator_exchange(unsigned mask, unsigned value) {
  unsigned thread = fibers[current].thread, lane = thread % WARP, bit = 1u << lane;
  Warp &warp = warps[thread / WARP];
  unsigned lanes = launched->threads - thread / WARP * WARP;
  unsigned expected = lanes < WARP ? mask & ((1u << lanes) - 1) : mask;
  if (!(mask & bit)) fail("it takes part in a shuffle of the lanes %08x, of which it is none", mask);
  if (warp.arrived && warp.mask != expected)
    fail("it takes part in a shuffle of the lanes %08x, while others of its warp wait for %08x", expected, warp.mask);
  unsigned *given = warp.given[warp.turn];
  given[lane] = value;
  warp.mask = expected;
  warp.arrived |= bit;
  warp.fibers[lane] = current;
  if (warp.arrived != expected) {
    park();
    return given;
  }
  for (unsigned other = 0; other < WARP; other++)
    if ((expected & ~bit) >> other & 1) ready.push_back(warp.fibers[other]);
  warp.arrived = 0;
  warp.turn ^= 1;
  return given;
}

// What code that is compiled with -fsanitize=alignment,bounds calls. GCC and Clang share these structures.
struct Place {
  const char *file;
  unsigned line, column;
};
struct Type {
  unsigned short kind, details;
  char name[1];
};
struct Mismatch {
  Place place;
  const Type *type;
  unsigned char alignment, access;
};
struct OutOfBounds {
  Place place;
  const Type *array, *index;
};

void __ubsan_handle_type_mismatch_v1(const Mismatch *data, unsigned long pointer) {
  fail("line %u of %s reads or writes a %s at %#lx, which is not a multiple of its %u bytes", data->place.line, data->place.file,
      data->type->name, pointer, 1u << data->alignment);
}
void __ubsan_handle_out_of_bounds(const OutOfBounds *data, unsigned long index) {
  fail("line %u of %s has the index %ld into a %s", data->place.line, data->place.file, (long)index, data->array->name);
}
}
