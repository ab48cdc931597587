// A stand-in for NVIDIA's driver: the functions that src/backends/device/cuda calls, on the processor. What is put into
// a stream is kept and done when somebody waits for it, as late as the real driver may do it, so that host code that
// forgets to wait is found out. Compiled by standIn.ts together with the kernel file and its table of kernels.
//
//   STAND_IN_MEMORY=BYTES  the memory of the GPU
//   STAND_IN_FAILS_AT=N    launch number N fails, and everything after it, as on a GPU that was lost
//   STAND_IN_GPUS=N        the number of GPUs, of which CUDA_VISIBLE_DEVICES leaves some
//   STAND_IN_INIT=803      what starting the driver gives
//   STAND_IN_CUDA=12080    the CUDA that the driver supports: 12.8
//   STAND_IN_CAPABILITY=75 the GPU's compute capability: 7.5
//   STAND_IN_CUBLAS=N      the status with which each product of cuBLAS fails
//   STAND_IN_CUBLAS_CREATE=N  the status with which cuBLAS fails to start

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <vector>

#define API extern "C" __attribute__((visibility("default")))

__thread Share share = {0, 1};
static void callKernel(int kernel, const Slot* slots);
static int kernelNamed(const char* name);     // generated; -1 for an unknown name
static int parameterCount(int kernel);        // generated
static bool parameterIsWide(int kernel, int); // generated: 8 bytes instead of 4

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_IMAGE = 200,
       INVALID_CONTEXT = 201, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719, DRIVER_MISMATCH = 803 };

static bool initialized, retained, current;
static int failure = SUCCESS;
static long long launches;
static std::vector<std::function<void()>> stream;
static std::map<char*, size_t> blocks; // of the GPU's memory
static size_t used;

static std::vector<int> visible; // GPUs, by their numbers

static long long setting(const char* name, long long otherwise) {
  const char* text = getenv(name);
  return text ? atoll(text) : otherwise;
}

static int run() {
  std::vector<std::function<void()>> work;
  work.swap(stream);
  for (auto& one : work) {
    if (failure) break;
    one();
  }
  return failure;
}

static int ready() {
  if (!initialized) return NOT_INITIALIZED;
  if (!current) return INVALID_CONTEXT;
  return failure;
}

// Is that memory of the GPU, as a whole?
static bool owns(const void* address, size_t bytes) {
  auto after = blocks.upper_bound((char*)address);
  if (after == blocks.begin()) return false;
  --after;
  return (char*)address + bytes <= after->first + after->second;
}

// The variables are read here and later changes are not seen, as by the real driver.
API int cuInit(unsigned) {
  if (setting("STAND_IN_INIT", SUCCESS)) return (int)setting("STAND_IN_INIT", SUCCESS);
  const int gpus = (int)setting("STAND_IN_GPUS", 1);
  const char *order = getenv("CUDA_DEVICE_ORDER"), *named = getenv("CUDA_VISIBLE_DEVICES");
  std::vector<int> all;
  // In the order of the bus, as nvidia-smi has them, or the fastest first, which here are the last.
  for (int i = 0; i < gpus; i++) all.push_back(order && !strcmp(order, "PCI_BUS_ID") ? i : gpus - 1 - i);
  visible.clear();
  if (!named) visible = all;
  for (char* end; named && *named; named = *end ? end + 1 : end) {
    const long at = strtol(named, &end, 10);
    if (end == named || at < 0 || at >= gpus) break; // those after a number that is none are hidden
    visible.push_back(all[at]);
  }
  if (visible.empty()) return NO_DEVICE;
  initialized = true;
  return SUCCESS;
}
API int cuDriverGetVersion(int* version) { return *version = (int)setting("STAND_IN_CUDA", 13000), SUCCESS; }
API int cuDeviceGet(int* device, int ordinal) {
  if (!initialized) return NOT_INITIALIZED;
  if (ordinal < 0 || ordinal >= (int)visible.size()) return INVALID_VALUE;
  return *device = visible[ordinal], SUCCESS;
}
API int cuDeviceGetName(char* name, int length, int device) {
  return snprintf(name, length, "Stand-in GPU %d", device), SUCCESS;
}
API int cuDeviceGetAttribute(int* value, int attribute, int) {
  const int capability = (int)setting("STAND_IN_CAPABILITY", 90);
  *value = attribute == 16 ? 2 : attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : -1;
  return *value < 0 ? INVALID_VALUE : SUCCESS;
}
API int cuDeviceTotalMem_v2(size_t* bytes, int) {
  return *bytes = (size_t)setting("STAND_IN_MEMORY", 1LL << 30), SUCCESS;
}
API int cuDevicePrimaryCtxRetain(void** context, int) { return retained = true, *context = (void*)0x10, SUCCESS; }
API int cuCtxSetCurrent(void* context) {
  current = retained && context == (void*)0x10;
  return current ? SUCCESS : INVALID_CONTEXT;
}
API int cuStreamCreate(void** out, unsigned) { return *out = (void*)0x20, ready(); }
API int cuStreamSynchronize(void*) { return ready() ? ready() : run(); }
API int cuEventCreate(void** out, unsigned) { return *out = new int(0), ready(); }
API int cuEventRecord(void*, void*) { return ready(); }
// An event is done when all before it is; doing more is allowed.
API int cuEventSynchronize(void*) { return ready() ? ready() : run(); }

API int cuModuleLoadData(void** module, const char* image) {
  // Machine code is an ELF file; PTX is text, which the driver compiles.
  const bool elf = memcmp(image, "\x7f" "ELF", 4) == 0, ptx = memcmp(image, "//", 2) == 0 && strstr(image, ".target");
  if (!elf && !ptx) return INVALID_IMAGE;
  return *module = (void*)0x30, ready();
}
API int cuModuleGetFunction(void** function, void* module, const char* name) {
  const int kernel = kernelNamed(name);
  if (module != (void*)0x30 || kernel < 0) return NOT_FOUND;
  return *function = (void*)(intptr_t)(kernel + 1), ready();
}

API int cuMemAlloc_v2(void** address, size_t bytes) {
  if (ready()) return ready();
  if (used + bytes > (size_t)setting("STAND_IN_MEMORY", 1LL << 30)) return OUT_OF_MEMORY;
  char* memory = (char*)aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (!memory) return OUT_OF_MEMORY;
  memset(memory, 0xff, bytes); // new memory holds NaN: what is read before it was written shows
  blocks[memory] = bytes;
  used += bytes;
  return *address = memory, SUCCESS;
}
API int cuMemGetInfo_v2(size_t* free, size_t* total) {
  *total = (size_t)setting("STAND_IN_MEMORY", 1LL << 30);
  *free = *total - used;
  return ready();
}
API int cuMemFree_v2(char* address) {
  if (ready()) return ready();
  if (run()) return failure;
  auto block = blocks.find(address);
  if (block == blocks.end()) return INVALID_VALUE;
  used -= block->second;
  blocks.erase(block);
  free(address);
  return SUCCESS;
}
API int cuMemHostAlloc(void** memory, size_t bytes, unsigned) {
  return *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096), ready();
}
API int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
  if (ready()) return ready();
  if (!owns(to, bytes)) return INVALID_VALUE;
  stream.push_back([=] { memcpy(to, from, bytes); });
  return SUCCESS;
}
API int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, void*) {
  if (ready()) return ready();
  if (!owns(from, bytes)) return INVALID_VALUE;
  stream.push_back([=] { memcpy(to, from, bytes); });
  return SUCCESS;
}

API int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                       unsigned, void*, void** parameters, void** extra) {
  if (ready()) return ready();
  const int kernel = (int)(intptr_t)function - 1;
  if (gx < 1 || gy != 1 || gz != 1 || bx < 1 || bx > 1024 || by != 1 || bz != 1 || extra) return INVALID_VALUE;
  std::vector<Slot> slots(parameterCount(kernel));
  for (size_t i = 0; i < slots.size(); i++) {
    memcpy(&slots[i], parameters[i], parameterIsWide(kernel, (int)i) ? 8 : 4);
    if (parameterIsWide(kernel, (int)i) && slots[i].pointer && !owns(slots[i].pointer, 1)) failure = ILLEGAL_ADDRESS;
  }
  const long long number = ++launches;
  stream.push_back([=] {
    if (number == setting("STAND_IN_FAILS_AT", -1)) {
      failure = LAUNCH_FAILED;
      return;
    }
    callKernel(kernel, slots.data());
  });
  return SUCCESS;
}

API int cuGetErrorName(int error, const char** text) {
  switch (error) {
    case OUT_OF_MEMORY: *text = "CUDA_ERROR_OUT_OF_MEMORY"; break;
    case NO_DEVICE: *text = "CUDA_ERROR_NO_DEVICE"; break;
    case INVALID_IMAGE: *text = "CUDA_ERROR_INVALID_IMAGE"; break;
    case ILLEGAL_ADDRESS: *text = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
    case LAUNCH_FAILED: *text = "CUDA_ERROR_LAUNCH_FAILED"; break;
    case DRIVER_MISMATCH: *text = "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"; break;
    default: *text = "CUDA_ERROR_UNKNOWN"; break;
  }
  return SUCCESS;
}
API int cuGetErrorString(int error, const char** text) {
  *text = error == LAUNCH_FAILED ? "unspecified launch failure" : "an error of the stand-in";
  return SUCCESS;
}

// The products of cuBLAS, in the same stream. Matrices are stored column by column there.
static bool tf32;

// The number as the tensor cores take it in TF32: 10 bits of mantissa.
static float operand(float x, bool rounded) {
  int bits;
  memcpy(&bits, &x, 4);
  bits = (bits + 0x1000) & ~0x1fff;
  float near;
  memcpy(&near, &bits, 4);
  return rounded ? near : x;
}

API int cublasCreate_v2(void** handle) {
  return *handle = (void*)0x40, (int)setting("STAND_IN_CUBLAS_CREATE", SUCCESS);
}
API int cublasGetVersion_v2(void*, int* version) { return *version = 130001, SUCCESS; }
API int cublasGetProperty(int property, int* value) {
  const int version[] = {13, 0, 1};
  return property < 0 || property > 2 ? 7 : (*value = version[property], SUCCESS);
}
API int cublasSetStream_v2(void*, void*) { return SUCCESS; }
API int cublasSetMathMode(void*, int mode) { return tf32 = mode == 3, SUCCESS; }
API const char* cublasGetStatusString(int status) {
  return status == 13 ? "CUBLAS_STATUS_EXECUTION_FAILED" : "CUBLAS_STATUS_INVALID_VALUE";
}
API int cublasSgemm_v2(void*, int opA, int opB, int m, int n, int k, const float* alpha, const float* A, int lda,
                       const float* B, int ldb, const float* beta, float* C, int ldc) {
  if (setting("STAND_IN_CUBLAS", 0)) return (int)setting("STAND_IN_CUBLAS", 0);
  if (!owns(A, 4) || !owns(B, 4) || !owns(C, 4) || *alpha != 1 || *beta != 0) return 7;
  if (lda < (opA ? k : m) || ldb < (opB ? n : k) || ldc < m) return 7;
  stream.push_back([=, rounded = tf32] {
    std::vector<float> a((size_t)m * k), sums(m); // a: column l of op(A) from l m on
    for (int l = 0; l < k; l++)
      for (int i = 0; i < m; i++)
        a[(size_t)l * m + i] = operand(opA ? A[(size_t)i * lda + l] : A[(size_t)l * lda + i], rounded);
    for (int j = 0; j < n; j++) {
      std::fill(sums.begin(), sums.end(), 0.f);
      for (int l = 0; l < k; l++) {
        const float b = operand(opB ? B[(size_t)l * ldb + j] : B[(size_t)j * ldb + l], rounded);
        const float* column = &a[(size_t)l * m];
        for (int i = 0; i < m; i++) sums[i] += column[i] * b;
      }
      std::copy(sums.begin(), sums.end(), C + (size_t)j * ldc);
    }
  });
  return SUCCESS;
}
