// The macros of ../kernels.cpp for a processor: a kernel is a function that several threads run concurrently,
// each on one share of its work after another. All of it is plain C++ that the compiler vectorizes.

#include <cmath>
#include <cstring>

typedef unsigned char byte;

#define KERNEL(name) static void kernel_##name

// A launch is cut into `count` shares; this thread works on share number `index`.
struct Share {
  int index, count;
};
extern __thread Share share;

// A parameter of a launch.
union Slot {
  void* pointer;
  int integer;
  float number;
};

// The start of a share of n items. Shares are whole cache lines, so that no two threads write to the same one.
static inline int edge(int n, int index) {
  const long long at = ((long long)n * index / share.count + 63) & ~63LL;
  return index == 0 ? 0 : at < n ? (int)at : n;
}

#define EACH(i, n) for (int i = edge(n, share.index), i##End = edge(n, share.index + 1); i < i##End; i++)

// Adjacent cells of a row; next() moves to the following ones.
struct Run {
  int row, from, to;
  int cols, longest, left;

  Run(int rows, int cols, int longest) : cols(cols), longest(longest) {
    const int first = edge(rows * cols, share.index);
    left = edge(rows * cols, share.index + 1) - first;
    row = cols > 0 ? first / cols : 0;
    from = first - row * cols;
    stretch();
  }
  void stretch() {
    const int length = left < longest ? left : longest;
    to = cols - from < length ? cols : from + length;
  }
  void next() {
    left -= to - from;
    from = to;
    if (from == cols) {
      row++;
      from = 0;
    }
    stretch();
  }
};

#define RUN 64
#define EACH_RUN(run, rows, cols) for (Run run(rows, cols, 2147483647); run.left > 0; run.next())
#define SHORT_RUNS(run, rows, cols) for (Run run(rows, cols, RUN); run.left > 0; run.next())

static inline void fetchAhead(const void* from, int bytes) {
  for (int at = 0; at < bytes; at += 64) __builtin_prefetch((const char*)from + at);
}

#define FETCH_AHEAD(from, bytes) fetchAhead(from, bytes)
#define FRESH __restrict__
#define INFINITE __builtin_inff()
#define ABS(x) __builtin_fabsf(x)
#define SQRT(x) __builtin_sqrtf(x)
#define FLOOR(x) __builtin_floorf(x)
#define CEIL(x) __builtin_ceilf(x)
#define ROUND_EVEN(x) __builtin_rintf(x)
#define EXP(x) exponential(x)
#define TANH(x) hyperbolicTangent(x)
#define EXPM1(x) expm1f(x)
#define LOG(x) logf(x)
#define LOG1P(x) log1pf(x)
#define SIN(x) sinf(x)
#define COS(x) cosf(x)
#define ERF(x) erff(x)
#define POW(a, b) powf(a, b)
#define TRUNCATE(x) (x != x ? 0 : x >= 2147483648.f ? 2147483647 : x < -2147483648.f ? -2147483647 - 1 : (int)x)
#define INT_FLOOR(a, b) (b == 0 ? 0 : (int)__builtin_floor((double)a / (double)b))

// 2^n for n in [-126, 127]
static inline float powerOfTwo(int n) {
  const int bits = (n + 127) << 23;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

// e^x without a branch, so that it becomes vector instructions; within 1 unit in the last place or so of the exact
// value. x = n ln 2 + r with n an integer and |r| <= ln 2 / 2; e^r by a polynomial (coefficients: Chebyshev
// interpolation).
static inline float exponential(float x) {
  const float low = -104.f, high = 89.f; // e^low is 0 and e^high is infinite in float32; NaN passes both comparisons
  x = x < low ? low : x;
  x = x > high ? high : x;
  const float n = __builtin_rintf(x * 1.44269504f);
  // ln 2 in two parts: the products with n are exact enough.
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.98993919e-4f;
  p = p * r + 1.39337336e-3f;
  p = p * r + 8.33329838e-3f;
  p = p * r + 4.16664630e-2f;
  p = p * r + 1.66666672e-1f;
  p = p * r + 0.5f;
  const int whole = (int)n, half = whole / 2; // 2^n in two factors: n reaches from -150 to 128
  return (p * r * r + r + 1.f) * powerOfTwo(half) * powerOfTwo(whole - half);
}

// tanh x: near 0 by a polynomial, where e^2x - 1 would lose digits, and elsewhere 1 - 2 / (e^2|x| + 1) with the sign of
// x.
static inline float hyperbolicTangent(float x) {
  const float u = x * x, size = __builtin_fabsf(x);
  float p = 2.27270485e-3f;
  p = p * u - 8.32640193e-3f;
  p = p * u + 2.17636339e-2f;
  p = p * u - 5.39586246e-2f;
  p = p * u + 1.33333012e-1f;
  p = p * u - 3.33333343e-1f;
  const float near = x + x * u * p;
  const float far = __builtin_copysignf(1.f - 2.f / (exponential(2.f * size) + 1.f), x);
  return size < 0.625f ? near : x == x ? far : x;
}
