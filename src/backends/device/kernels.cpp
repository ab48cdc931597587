// Every kernel of the `native` and `cuda` backends, each written once: the machine's C++ compiler makes it code for the
// processor, NVRTC makes it code for an NVIDIA GPU. What differs between the two stands in native/prelude.h and
// cuda/prelude.h, in a few words that are used here:
//
//   KERNEL(name)(…)              a kernel: what one launch runs. Its parameters are numbers, and pointers into the
//                                device's memory.
//   EACH(i, n)                   for each i from 0 to n - 1. On a processor each thread has a share,
//                                on a GPU each i has a thread.
//   EACH_RUN(run, rows, cols)    for each cell of a matrix stored row by row: the cells run.from to run.to - 1 of row
//                                run.row. On a processor a run is as much of a row as a thread has; on a GPU, one cell.
//   SHORT_RUNS(run, rows, cols)  the same, with runs of at most RUN cells, for kernels that keep a number for each.
//   float* FRESH out             memory that none of the operands lies in: the result's.
//   FETCH_AHEAD(from, bytes)     says which memory will be read soon.
//   EXP, LOG, TANH, …            functions of one float; INFINITE is infinity.
//
// Tensors are dense and stored row by row. Boolean tensors are bytes, 0 or 1. NaN and infinities behave as IEEE 754
// says.

// ---- One operand ----------------------------------------------------------------------------------------------------

// out[i] = expression in x
#define UNARY(name, T, R, expression)                                                                                  \
  KERNEL(name)(const T* x_, R* FRESH out, int n) {                                                                     \
    EACH(i, n) {                                                                                                       \
      const T x = x_[i];                                                                                               \
      out[i] = expression;                                                                                             \
    }                                                                                                                  \
  }

UNARY(neg, float, float, -x)
UNARY(abs, float, float, ABS(x))
UNARY(sign, float, float, float(x > 0) - float(x < 0))
UNARY(square, float, float, x * x)
UNARY(sqrt, float, float, SQRT(x))
UNARY(rsqrt, float, float, 1 / SQRT(x))
UNARY(reciprocal, float, float, 1 / x)
UNARY(exp, float, float, EXP(x))
UNARY(expm1, float, float, EXPM1(x))
UNARY(log, float, float, LOG(x))
UNARY(log1p, float, float, LOG1P(x))
UNARY(sin, float, float, SIN(x))
UNARY(cos, float, float, COS(x))
UNARY(tanh, float, float, TANH(x))
UNARY(erf, float, float, ERF(x))
UNARY(sigmoid, float, float, 1 / (1 + EXP(-x)))
UNARY(relu, float, float, x > 0 || x != x ? x : 0)
UNARY(floor, float, float, FLOOR(x))
UNARY(ceil, float, float, CEIL(x))
UNARY(round, float, float, ROUND_EVEN(x))
UNARY(isNan, float, byte, x != x)
UNARY(isFinite, float, byte, x - x == 0)
UNARY(isInf, float, byte, x == x && x - x != 0)
UNARY(negInt, int, int, int(0u - unsigned(x)))
UNARY(absInt, int, int, x < 0 ? int(0u - unsigned(x)) : x)
UNARY(signInt, int, int, (x > 0) - (x < 0))
UNARY(squareInt, int, int, int(unsigned(x) * unsigned(x)))
UNARY(reluInt, int, int, x > 0 ? x : 0)
UNARY(notBool, byte, byte, !x)

// 1 where x > 0, `below` elsewhere, NaN where x is NaN.
KERNEL(step)(const float* x, float below, float* FRESH out, int n) {
  EACH(i, n) out[i] = x[i] > 0 ? 1 : x[i] == x[i] ? below : x[i];
}

KERNEL(leakyRelu)(const float* x, float slope, float* FRESH out, int n) {
  EACH(i, n) out[i] = x[i] < 0 ? slope * x[i] : x[i];
}

KERNEL(clip)(const float* x, float low, float high, float* FRESH out, int n) {
  EACH(i, n) out[i] = x[i] < low ? low : x[i] > high ? high : x[i];
}

// ---- From one type to another ---------------------------------------------------------------------------------------

UNARY(floatFromInt, int, float, float(x))
UNARY(floatFromBool, byte, float, float(x))
UNARY(intFromFloat, float, int, TRUNCATE(x))
UNARY(intFromBool, byte, int, int(x))
UNARY(boolFromFloat, float, byte, x != 0)
UNARY(boolFromInt, int, byte, x != 0)

// ---- Two operands, with broadcasting --------------------------------------------------------------------------------

// out = expression in a and b, [rows, cols]. Operand A is read at A[row * aRow + col * aCol]: a stride of 0 repeats it
// along rows or columns, aCol is 0 or 1. Without a pointer the operand is the number aNumber. B likewise.
#define BINARY(name, T, R, expression)                                                                                 \
  KERNEL(name)(const T* A, T aNumber, int aRow, int aCol, const T* B, T bNumber, int bRow, int bCol, R* FRESH out,     \
               int rows, int cols) {                                                                                   \
    EACH_RUN(run, rows, cols) {                                                                                        \
      const T* as = A + run.row * aRow;                                                                                \
      const T* bs = B + run.row * bRow;                                                                                \
      R* FRESH outs = out + run.row * cols;                                                                            \
      if (!A || aCol == 0) {                                                                                           \
        const T a = A ? *as : aNumber;                                                                                 \
        for (int c = run.from; c < run.to; c++) {                                                                      \
          const T b = bs[c];                                                                                           \
          outs[c] = expression;                                                                                        \
        }                                                                                                              \
      } else if (!B || bCol == 0) {                                                                                    \
        const T b = B ? *bs : bNumber;                                                                                 \
        for (int c = run.from; c < run.to; c++) {                                                                      \
          const T a = as[c];                                                                                           \
          outs[c] = expression;                                                                                        \
        }                                                                                                              \
      } else {                                                                                                         \
        for (int c = run.from; c < run.to; c++) {                                                                      \
          const T a = as[c], b = bs[c];                                                                                \
          outs[c] = expression;                                                                                        \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }

BINARY(add, float, float, a + b)
BINARY(sub, float, float, a - b)
BINARY(mul, float, float, a* b)
BINARY(div, float, float, a / b)
BINARY(floorDiv, float, int, TRUNCATE(FLOOR(a / b)))
BINARY(pow, float, float, POW(a, b))
BINARY(maximum, float, float, a != a || a > b ? a : b)
BINARY(minimum, float, float, a != a || a < b ? a : b)
BINARY(squaredDifference, float, float, (a - b) * (a - b))
BINARY(prelu, float, float, a < 0 ? a * b : a)
BINARY(equal, float, byte, a == b)
BINARY(notEqual, float, byte, a != b)
BINARY(less, float, byte, a < b)
BINARY(lessEqual, float, byte, a <= b)
BINARY(greater, float, byte, a > b)
BINARY(greaterEqual, float, byte, a >= b)

BINARY(addInt, int, int, int(unsigned(a) + unsigned(b)))
BINARY(subInt, int, int, int(unsigned(a) - unsigned(b)))
BINARY(mulInt, int, int, int(unsigned(a) * unsigned(b)))
BINARY(floorDivInt, int, int, INT_FLOOR(a, b))
BINARY(maximumInt, int, int, a > b ? a : b)
BINARY(minimumInt, int, int, a < b ? a : b)
BINARY(squaredDifferenceInt, int, int, int((unsigned(a) - unsigned(b)) * (unsigned(a) - unsigned(b))))
BINARY(equalInt, int, byte, a == b)
BINARY(notEqualInt, int, byte, a != b)
BINARY(lessInt, int, byte, a < b)
BINARY(lessEqualInt, int, byte, a <= b)
BINARY(greaterInt, int, byte, a > b)
BINARY(greaterEqualInt, int, byte, a >= b)

BINARY(andBool, byte, byte, a && b)
BINARY(orBool, byte, byte, a || b)
BINARY(equalBool, byte, byte, a == b)
BINARY(notEqualBool, byte, byte, a != b)

// out = a multiple of a and a multiple of b: a step of an update rule, in one go.
KERNEL(sumOfMultiples)(const float* a, float aFactor, const float* b, float bFactor, float* FRESH out, int n) {
  EACH(i, n) out[i] = aFactor * a[i] + bFactor * b[i];
}

// A step of Adam (optim/adam.ts): the running means of gradient and square, and the parameter, each read and written once.
KERNEL(adam)(const float* W, const float* dW, const float* M, const float* S, float beta1, float fresh1, float beta2,
             float fresh2, float rate, float epsilon, float* FRESH nextW, float* FRESH nextM, float* FRESH nextS,
             int n) {
  EACH(i, n) {
    const float mean = beta1 * M[i] + fresh1 * dW[i];
    const float meanSquare = beta2 * S[i] + fresh2 * (dW[i] * dW[i]);
    nextM[i] = mean;
    nextS[i] = meanSquare;
    nextW[i] = W[i] - rate * mean / (SQRT(meanSquare) + epsilon);
  }
}

// out[i] = condition[i] ? a[i] : b[i]; the numbers are copied as bits, so any type of 4 bytes works.
KERNEL(select)(const byte* condition, const int* a, const int* b, int* FRESH out, int n) {
  EACH(i, n) out[i] = condition[i] ? a[i] : b[i];
}
KERNEL(selectBytes)(const byte* condition, const byte* a, const byte* b, byte* FRESH out, int n) {
  EACH(i, n) out[i] = condition[i] ? a[i] : b[i];
}

// ---- Reductions -----------------------------------------------------------------------------------------------------

// x [outer, size, inner] -> out [outer, inner], along the axis in the middle: start with `first`, take in each x by
// `next`, where s is what came so far; `last` makes the result of it.
#define REDUCE(name, T, first, next, last)                                                                             \
  KERNEL(name)(const T* X, T* FRESH out, int outer, int size, int inner, float divisor) {                              \
    SHORT_RUNS(run, outer, inner) {                                                                                    \
      T kept[RUN];                                                                                                     \
      const int width = run.to - run.from;                                                                             \
      const T* from = X + run.row * size * inner + run.from;                                                           \
      for (int c = 0; c < width; c++) kept[c] = first;                                                                 \
      for (int k = 0; k < size; k++, from += inner) {                                                                  \
        for (int c = 0; c < width; c++) {                                                                              \
          const T s = kept[c], x = from[c];                                                                            \
          kept[c] = next;                                                                                              \
        }                                                                                                              \
      }                                                                                                                \
      for (int c = 0; c < width; c++) {                                                                                \
        const T s = kept[c];                                                                                           \
        out[run.row * inner + run.from + c] = last;                                                                    \
      }                                                                                                                \
    }                                                                                                                  \
  }

REDUCE(sum, float, 0, s + x, s / divisor)
REDUCE(prod, float, 1, s* x, s)
REDUCE(max, float, -INFINITE, s != s || s > x ? s : x, s)
REDUCE(min, float, INFINITE, s != s || s < x ? s : x, s)
REDUCE(sumInt, int, 0, int(unsigned(s) + unsigned(x)), s)
REDUCE(prodInt, int, 1, int(unsigned(s) * unsigned(x)), s)
REDUCE(maxInt, int, -2147483647 - 1, s > x ? s : x, s)
REDUCE(minInt, int, 2147483647, s < x ? s : x, s)
REDUCE(all, byte, 1, s&& x, s)
REDUCE(any, byte, 0, s || x, s)

// The same over a whole tensor of n numbers, in two launches: out[c] reduces x[c], x[c + width], x[c + 2 width], …
#define REDUCE_STRIDED(name, T, first, next)                                                                           \
  KERNEL(name)(const T* X, T* FRESH out, int n, int width) {                                                           \
    SHORT_RUNS(run, 1, width) {                                                                                        \
      T kept[RUN];                                                                                                     \
      for (int c = run.from; c < run.to; c++) kept[c - run.from] = first;                                              \
      for (int from = 0; from < n; from += width) {                                                                    \
        const int to = n - from < run.to ? n - from : run.to;                                                          \
        for (int c = run.from; c < to; c++) {                                                                          \
          const T s = kept[c - run.from], x = X[from + c];                                                             \
          kept[c - run.from] = next;                                                                                   \
        }                                                                                                              \
      }                                                                                                                \
      for (int c = run.from; c < run.to; c++) out[c] = kept[c - run.from];                                             \
    }                                                                                                                  \
  }

REDUCE_STRIDED(sumStrided, float, 0, s + x)
REDUCE_STRIDED(maxStrided, float, -INFINITE, s != s || s > x ? s : x)
REDUCE_STRIDED(minStrided, float, INFINITE, s != s || s < x ? s : x)

// The place of the largest (smallest) number along the axis in the middle, the first one of equals: x [outer, size,
// inner].
KERNEL(argMax)(const float* x, int* FRESH out, int outer, int size, int inner) {
  EACH(i, outer * inner) {
    const float* from = x + i / inner * size * inner + i % inner;
    int best = 0;
    for (int k = 1; k < size; k++) best = from[k * inner] > from[best * inner] ? k : best;
    out[i] = best;
  }
}
KERNEL(argMin)(const float* x, int* FRESH out, int outer, int size, int inner) {
  EACH(i, outer * inner) {
    const float* from = x + i / inner * size * inner + i % inner;
    int best = 0;
    for (int k = 1; k < size; k++) best = from[k * inner] < from[best * inner] ? k : best;
    out[i] = best;
  }
}

// ---- Moving numbers -------------------------------------------------------------------------------------------------

KERNEL(fill)(int* FRESH out, int value, int n) { EACH(i, n) out[i] = value; }
KERNEL(fillBytes)(byte* FRESH out, int value, int n) { EACH(i, n) out[i] = byte(value); }
KERNEL(range)(float start, float step, float* FRESH out, int n) { EACH(i, n) out[i] = start + step * float(i); }

// out [d0, d1, d2, d3, d4, d5] at outOffset with strides o0 … o5 = x at xOffset with strides x0 … x5. Slices,
// transposes, repetitions, reversed axes, parts of a larger tensor are all of this form.
#define COPY(name, T)                                                                                                  \
  KERNEL(name)(const T* x, int xOffset, int x0, int x1, int x2, int x3, int x4, int x5, T* FRESH out, int outOffset,   \
               int o0, int o1, int o2, int o3, int o4, int o5, int d1, int d2, int d3, int d4, int d5, int n) {        \
    EACH(i, n) {                                                                                                       \
      const int i5 = i % d5, r4 = i / d5, i4 = r4 % d4, r3 = r4 / d4, i3 = r3 % d3, r2 = r3 / d3, i2 = r2 % d2,        \
                r1 = r2 / d2, i1 = r1 % d1, i0 = r1 / d1;                                                              \
      out[outOffset + i0 * o0 + i1 * o1 + i2 * o2 + i3 * o3 + i4 * o4 + i5 * o5] =                                     \
          x[xOffset + i0 * x0 + i1 * x1 + i2 * x2 + i3 * x3 + i4 * x4 + i5 * x5];                                      \
    }                                                                                                                  \
  }
COPY(copy, int)
COPY(copyBytes, byte)

// out [outer, count, inner] = x [outer, size, inner] at the places that `rows` [count] names; 0 for a place that is not
// there.
#define GATHER(name, T)                                                                                                \
  KERNEL(name)(const T* x, const int* rows, T* FRESH out, int outer, int size, int inner, int count) {                 \
    EACH_RUN(run, outer * count, inner) {                                                                              \
      const int row = rows[run.row % count];                                                                           \
      const T* from = x + (run.row / count * size + row) * inner;                                                      \
      T* to = out + run.row * inner;                                                                                   \
      const bool there = row >= 0 && row < size;                                                                       \
      for (int c = run.from; c < run.to; c++) to[c] = there ? from[c] : T(0);                                          \
    }                                                                                                                  \
  }
GATHER(gather, int)
GATHER(gatherBytes, byte)

// A batch of samples [size, cols]: those at `rows` [count], as floats, divided.
#define SAMPLES(name, T)                                                                                               \
  KERNEL(name)(const T* samples, const int* rows, float* FRESH out, int size, int cols, int count, float divisor) {    \
    EACH_RUN(run, count, cols) {                                                                                       \
      const int row = rows[run.row];                                                                                   \
      if (run.row + 4 < count) FETCH_AHEAD(samples + (long long)rows[run.row + 4] * cols, cols * sizeof(T));           \
      const T* from = samples + (long long)row * cols;                                                                 \
      float* to = out + run.row * cols;                                                                                \
      const bool there = row >= 0 && row < size;                                                                       \
      for (int c = run.from; c < run.to; c++) to[c] = there ? float(from[c]) / divisor : 0;                            \
    }                                                                                                                  \
  }
SAMPLES(samplesOfBytes, byte)
SAMPLES(samplesOfFloats, float)

// Rows of `off` with `on` at the place that each index names, if it is one of the `depth` places. Any type of 4 bytes.
KERNEL(oneHot)(const int* indices, int* FRESH out, int n, int depth, int on, int off) {
  EACH_RUN(run, n, depth) {
    const int index = indices[run.row];
    for (int c = run.from; c < run.to; c++) out[run.row * depth + c] = c == index ? on : off;
  }
}

// ---- Matrix products ------------------------------------------------------------------------------------------------

// out [m, n] = a [m, k] · b [k, n] with any strides: the definition. `native` and cuBLAS have faster ones; this one
// serves a GPU without cuBLAS.
KERNEL(matmul)(const float* a, int aRow, int aCol, const float* b, int bRow, int bCol, float* FRESH out, int m, int k,
               int n) {
  EACH_RUN(run, m, n) {
    for (int c = run.from; c < run.to; c++) {
      float sum = 0;
      for (int i = 0; i < k; i++) sum += a[run.row * aRow + i * aCol] * b[i * bRow + c * bCol];
      out[run.row * n + c] = sum;
    }
  }
}
