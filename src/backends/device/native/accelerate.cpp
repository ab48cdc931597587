// Products by macOS's Accelerate, which has units of the processor that no compiler gives to others. Part of the
// library on macOS only, in the place of matmul.cpp's two kernels. Not tried yet on a Mac.

#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>

// out [m, n] = a [m, k] · b [k, n], row by row; transposed operands are stored as [k, m] and [n, k].
KERNEL(multiplyByAccelerate)(const float* a, int transposeA, const float* b, int transposeB, float* out, int m, int k,
                             int n) {
  const auto order = [](int transpose) { return transpose ? CblasTrans : CblasNoTrans; };
  cblas_sgemm(CblasRowMajor, order(transposeA), order(transposeB), m, n, k, 1.f, a, transposeA ? m : k, b,
              transposeB ? k : n, 0.f, out, n);
}
