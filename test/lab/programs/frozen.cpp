// A program of C++ to be frozen: virtual and inlined calls, lambdas, a thread in the handler of a signal that came on a
// stack of its own, and known values in the vector and floating point registers of the first thread.
// It writes "ready", and "avx" where the processor has it, when all threads stand still.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <unistd.h>
#include <vector>

static std::atomic<int> standing;
static volatile int sink;

namespace shapes {
struct Shape {
  virtual ~Shape() = default;
  virtual int stand(int depth) = 0;
};

template <class Side> struct Square final : Shape {
  Side side{3};
  __attribute__((noinline)) int stand(int depth) override {
    standing++;
    for (;;)
      pause();
    return depth + static_cast<int>(side);
  }
};
} // namespace shapes

static inline __attribute__((always_inline)) int inlined(shapes::Shape &shape, int depth) {
  return shape.stand(depth) + sink;
}

__attribute__((noinline)) static int descend(shapes::Shape &shape, int depth) {
  if (depth == 0)
    return inlined(shape, depth);
  return descend(shape, depth - 1) + depth;
}

static void on_signal(int) {
  shapes::Square<double> square;
  sink += descend(square, 1);
}

__attribute__((noinline)) static void interrupted(int depth) {
  if (depth == 0)
    raise(SIGUSR1);
  else
    interrupted(depth - 1);
  sink += depth;
}

/** Stands in a call of the kernel, which leaves these registers alone. */
__attribute__((noinline)) static void stand_with_registers(bool avx) {
  alignas(32) unsigned words[8];
  for (unsigned at = 0; at < 8; at++)
    words[at] = 0x11111111u * (at + 1);
  if (avx)
    asm volatile("vmovaps %0, %%ymm7" : : "m"(words) : "xmm7");
  asm volatile("movaps %0, %%xmm9\n\tfldpi\n\tfld1" : : "m"(words) : "xmm9");
  for (;;)
    asm volatile("syscall" : : "a"(34L) : "rcx", "r11", "memory"); // pause
}

int main() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
  std::vector<std::thread> threads;
  std::function<void()> work = [] {
    auto square = std::make_unique<shapes::Square<int>>();
    sink += descend(*square, 6);
  };
  threads.emplace_back(work);
  threads.emplace_back([] {
    stack_t stack = {};
    stack.ss_sp = std::malloc(65536);
    stack.ss_size = 65536;
    sigaltstack(&stack, nullptr);
    interrupted(3);
  });
  while (standing < 2)
    usleep(10000);
  bool avx = __builtin_cpu_supports("avx");
  std::printf("%s\nready\n", avx ? "avx" : "no avx");
  std::fflush(stdout);
  stand_with_registers(avx);
}
