// Runs launches in order on several threads. JavaScript writes launches into a ring buffer and continues; threads of
// this library take shares of the oldest one until it is done, then of the next. When JavaScript has to wait, its own
// thread takes shares too, so no more threads run than were requested.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <thread>
#ifndef _WIN32
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#endif

#ifdef _WIN32
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

__thread Share share;

void callKernel(int kernel, const Slot* slots); // generated: one case for each kernel

struct Launch {
  int32_t kernel, shares;
  Slot slots[SLOTS];
};

// State shared by JavaScript and the threads. JavaScript writes `written`, the threads write the rest.
struct Board {
  std::atomic<uint32_t> written;  // launches in the ring, since the start
  std::atomic<uint32_t> done;     // launches that are finished
  std::atomic<uint32_t> sleepers; // threads that wait for a call of wake
};

static Launch* ring;
static Board* board;
// The current launch in the upper half, its next share in the lower.
static std::atomic<uint64_t> ticket{0};
static std::atomic<int> sharesDone{0};
// The number of active threads, the program's own included; the others sleep.
static std::atomic<int> active{1};
// Never destroyed: threads may outlive the exit of the program by a moment.
static std::mutex& mutex = *new std::mutex;
static std::condition_variable& somethingToDo = *new std::condition_variable;
static std::condition_variable& moreThreads = *new std::condition_variable;

static inline void breathe() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits with back-off: spins for some 20 µs, then yields the processor.
struct Patience {
  int turns = 0;
  void wait() {
    if (++turns < 400) breathe();
    else std::this_thread::yield();
  }
  bool isOver() const { return turns > 600; }
};

// Takes shares: JavaScript's thread until launch number `until`; a thread of this library as long as it is active.
static void work(int thread, uint32_t until) {
  const bool forever = thread > 0;
  Patience patience;
  while (thread < active.load(std::memory_order_relaxed)) {
    const uint64_t now = ticket.load(std::memory_order_acquire);
    const uint32_t at = (uint32_t)(now >> 32);
    if (!forever && (int32_t)(at - until) >= 0) return;
    if (at == board->written.load(std::memory_order_acquire)) { // nothing to do
      if (!forever) return;
      if (!patience.isOver()) {
        patience.wait();
        continue;
      }
      std::unique_lock<std::mutex> lock(mutex);
      board->sleepers.fetch_add(1);
      // Check again: JavaScript writes a launch first and then looks for sleepers.
      while (at == board->written.load() && thread < active.load()) somethingToDo.wait(lock);
      board->sleepers.fetch_sub(1);
      patience = Patience();
      continue;
    }
    const Launch& launch = ring[at % RING];
    const int index = (int)(uint32_t)now;
    if (index >= launch.shares) { // others work on what is left of it
      patience.wait();
      continue;
    }
    uint64_t expected = now;
    if (!ticket.compare_exchange_weak(expected, now + 1, std::memory_order_acq_rel)) continue;
    patience = Patience();
    share = {index, launch.shares};
    callKernel(launch.kernel, launch.slots);
    if (sharesDone.fetch_add(1, std::memory_order_acq_rel) + 1 == launch.shares) {
      sharesDone.store(0, std::memory_order_relaxed);
      board->done.store(at + 1, std::memory_order_release);
      ticket.store((uint64_t)(at + 1) << 32, std::memory_order_release);
    }
  }
}

static void threadMain(int thread) {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      while (thread >= active.load()) moreThreads.wait(lock);
    }
    work(thread, 0);
  }
}

// Makes the ring and the board. A process has one queue: a second one would overwrite it.
EXPORT int start(void** ringOut, void** boardOut) {
  if (ring) return 1;
  ring = (Launch*)calloc(RING, sizeof(Launch));
  board = (Board*)calloc(1, sizeof(Board));
  if (!ring || !board) return 2;
  *ringOut = ring;
  *boardOut = board;
  return 0;
}

EXPORT void wake() {
  std::lock_guard<std::mutex> lock(mutex);
  somethingToDo.notify_all();
}

// Sets the number of active threads, the caller's own included, and starts missing ones. They block signals,
// which are the program's. Returns the number, which is smaller if the system grants no more threads.
EXPORT int setThreads(int threads) {
  static int there = 1;
#ifndef _WIN32
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
  try {
    for (; there < threads; there++) std::thread(threadMain, there).detach();
  } catch (...) {
  }
#ifndef _WIN32
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
  std::lock_guard<std::mutex> lock(mutex);
  active.store(threads < there ? threads : there);
  moreThreads.notify_all();
  somethingToDo.notify_all();
  return active;
}

// Takes shares until launch number `until` is done.
EXPORT void finish(uint32_t until) { work(0, until); }

// Copies JavaScript's memory as a launch of the queue.
KERNEL(copyWords)(const int* from, int* to, int n) { EACH(i, n) to[i] = from[i]; }
KERNEL(copyPlainBytes)(const byte* from, byte* to, int n) { EACH(i, n) to[i] = from[i]; }

EXPORT void* allocate(double bytes) {
  const size_t size = ((size_t)bytes + 63) & ~(size_t)63;
  void* memory = nullptr;
  return posix_memalign(&memory, 64, size ? size : 64) == 0 ? memory : nullptr;
}
EXPORT void release(void* memory) { free(memory); }
EXPORT void copyMemory(void* to, const void* from, double bytes) { memcpy(to, from, (size_t)bytes); }
EXPORT int vectorLanes() { return LANES; }
