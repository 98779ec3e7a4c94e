// The device's memory: each allocation between pages that nothing may touch, with guards around it.
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace {
constexpr size_t ALIGNMENT = 256;
const size_t PAGE = sysconf(_SC_PAGESIZE);

size_t roundUp(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// Bytes of the pages that hold an allocation, whose end is as near to theirs as the alignment allows.
size_t pages(size_t bytes) { return roundUp(roundUp(bytes, ALIGNMENT), PAGE); }

char *firstPage(char *memory, size_t bytes) { return memory + roundUp(bytes, ALIGNMENT) - pages(bytes); }

// NaN as floats of 32 or of 16 bits.
unsigned char guardAt(const char *address) { return reinterpret_cast<uintptr_t>(address) % 2 ? 0xff : 0xf1; }

void fillGuard(char *from, char *to) {
  for (; from < to; from++) *from = static_cast<char>(guardAt(from));
}

bool isWhole(const char *from, const char *to) {
  for (; from < to; from++)
    if (static_cast<unsigned char>(*from) != guardAt(from)) return false;
  return true;
}
} // namespace

extern "C" {

// Memory that is filled with 0xFF, or 0.
uintptr_t emulator_allocate(size_t bytes) {
  size_t inner = pages(bytes);
  void *all = mmap(nullptr, inner + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) return 0;
  char *first = static_cast<char *>(all) + PAGE;
  if (mprotect(first, inner, PROT_READ | PROT_WRITE) != 0) return munmap(all, inner + 2 * PAGE), 0;
  char *memory = first + inner - roundUp(bytes, ALIGNMENT);
  fillGuard(first, memory);
  memset(memory, 0xff, bytes);
  fillGuard(memory + bytes, first + inner);
  return reinterpret_cast<uintptr_t>(memory);
}

// 0, -1 where something was written before the memory, 1 after it.
int emulator_check(uintptr_t address, size_t bytes) {
  char *memory = reinterpret_cast<char *>(address), *first = firstPage(memory, bytes);
  if (!isWhole(first, memory)) return -1;
  return isWhole(memory + bytes, first + pages(bytes)) ? 0 : 1;
}

void emulator_free(uintptr_t address, size_t bytes) {
  munmap(firstPage(reinterpret_cast<char *>(address), bytes) - PAGE, pages(bytes) + 2 * PAGE);
}

void emulator_upload(uintptr_t to, const void *from, size_t bytes) { memcpy(reinterpret_cast<void *>(to), from, bytes); }
void emulator_download(void *to, uintptr_t from, size_t bytes) { memcpy(to, reinterpret_cast<const void *>(from), bytes); }
void emulator_fill(uintptr_t at, int byte, size_t bytes) { memset(reinterpret_cast<void *>(at), byte, bytes); }
}
