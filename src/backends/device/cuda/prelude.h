// The macros of ../kernels.cpp for an NVIDIA GPU: a kernel runs on many threads, and each thread takes the item of its
// own number, then those at multiples of the grid size beyond it (a grid-stride loop).

typedef unsigned char byte;

#define KERNEL(name) extern "C" __global__ void kernel_##name

#define EACH(i, n)                                                                                                     \
  for (int i = blockIdx.x * blockDim.x + threadIdx.x, i##Step = gridDim.x * blockDim.x; i < (n); i += i##Step)

// One cell of a matrix stored row by row; next() moves to this thread's next one.
struct Run {
  int row, from, to;
  int at, cells, cols;

  __device__ Run(int rows, int cols) : at(blockIdx.x * blockDim.x + threadIdx.x), cells(rows * cols), cols(cols) {
    place();
  }
  __device__ void place() {
    row = at / cols;
    from = at - row * cols;
    to = from + 1;
  }
  __device__ void next() {
    at += gridDim.x * blockDim.x;
    place();
  }
};

#define RUN 1
#define EACH_RUN(run, rows, cols) for (Run run(rows, cols); run.at < run.cells; run.next())
#define SHORT_RUNS(run, rows, cols) EACH_RUN(run, rows, cols)

#define FETCH_AHEAD(from, bytes) // other threads read while this one waits
#define FRESH __restrict__
#define INFINITE __int_as_float(0x7f800000)
#define ABS(x) fabsf(x)
#define SQRT(x) sqrtf(x)
#define FLOOR(x) floorf(x)
#define CEIL(x) ceilf(x)
#define ROUND_EVEN(x) rintf(x)
#define EXP(x) expf(x)
#define TANH(x) tanhf(x)
#define EXPM1(x) expm1f(x)
#define LOG(x) logf(x)
#define LOG1P(x) log1pf(x)
#define SIN(x) sinf(x)
#define COS(x) cosf(x)
#define ERF(x) erff(x)
#define POW(a, b) powf(a, b)
#define TRUNCATE(x) __float2int_rz(x) // saturates; NaN becomes 0
#define INT_FLOOR(a, b) (b == 0 ? 0 : (int)floor((double)a / (double)b))
