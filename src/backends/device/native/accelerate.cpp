// Matrix products by macOS's Accelerate, which uses matrix units that compilers do not expose.
// Part of the library on macOS only, in place of matmul.cpp's two kernels. Not tested on a Mac yet.

#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>

// out [m, n] = a [m, k] · b [k, n], row by row; transposed operands are stored as [k, m] and [n, k].
KERNEL(multiplyByAccelerate)(const float* a, int transposeA, const float* b, int transposeB, float* out, int m, int k,
                             int n) {
  const auto order = [](int transpose) { return transpose ? CblasTrans : CblasNoTrans; };
  cblas_sgemm(CblasRowMajor, order(transposeA), order(transposeB), m, n, k, 1.f, a, transposeA ? m : k, b,
              transposeB ? k : n, 0.f, out, n);
}
