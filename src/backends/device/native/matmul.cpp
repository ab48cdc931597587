// Products of float32 matrices on a processor, in two kernels: packMatrix reorders the right operand as multiply reads
// it, and multiply keeps a block of the result in registers while it loops over k.

// The floats of one vector instruction.
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define BLOCK_ROWS 12 // 12 x 2 vectors of the result, 2 of the right operand: 26 of the 32 registers
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#define BLOCK_ROWS 6 // 6 x 2 and 2: 14 of 16
#else
#define VECTOR_BYTES 16
#define BLOCK_ROWS 6
#endif

typedef float Vector __attribute__((vector_size(VECTOR_BYTES)));
typedef float AnyVector __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias)); // at any address
static const int LANES = VECTOR_BYTES / 4;
static const int PANEL = 2 * LANES; // columns of the right operand that are stored together

// b [k, n], or [n, k] transposed, rows `stride` apart -> packed, panels of PANEL columns: [n / PANEL, k, PANEL], rest
// zeros.
KERNEL(packMatrix)(const float* b, int stride, int transposed, float* packed, int k, int n) {
  const int panels = (n + PANEL - 1) / PANEL;
  for (int p = panels * share.index / share.count; p < panels * (share.index + 1) / share.count; p++) {
    const int first = p * PANEL, width = n - first < PANEL ? n - first : PANEL;
    float* to = packed + (long long)p * k * PANEL;
    if (width < PANEL) memset(to, 0, sizeof(float) * k * PANEL);
    if (!transposed) {
      for (int i = 0; i < k; i++) {
        const float* from = b + (long long)i * stride + first;
        if (width == PANEL) memcpy(to + i * PANEL, from, sizeof(float) * PANEL);
        else for (int j = 0; j < width; j++) to[i * PANEL + j] = from[j];
      }
    } else {
      const int BLOCK = 16; // rows of b at a time, so that both sides stay in the cache
      for (int i0 = 0; i0 < k; i0 += BLOCK) {
        const int end = k - i0 < BLOCK ? k : i0 + BLOCK;
        for (int j = 0; j < width; j++) {
          const float* from = b + (long long)(first + j) * stride;
          for (int i = i0; i < end; i++) to[i * PANEL + j] = from[i];
        }
      }
    }
  }
}

// `Rows` rows of the result by one panel. a's element (i, p) is at a[i * stride + p], or a[p * stride + i] when
// transposed.
template <int Rows, int Vectors, bool Transposed>
static inline void block(const float* a, int stride, const float* panel, float* out, int outStride, int k, int width,
                         bool add) {
  Vector sums[Rows][Vectors];
  for (int i = 0; i < Rows; i++)
    for (int v = 0; v < Vectors; v++) sums[i][v] = Vector{};
#pragma GCC unroll 4
  for (int p = 0; p < k; p++) {
    Vector b[Vectors];
    for (int v = 0; v < Vectors; v++) b[v] = *(const Vector*)(panel + p * PANEL + v * LANES);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; i++) {
      const float x = Transposed ? a[(long long)p * stride + i] : a[(long long)i * stride + p];
      for (int v = 0; v < Vectors; v++) sums[i][v] += x * b[v];
    }
  }
  for (int i = 0; i < Rows; i++) {
    float* to = out + (long long)i * outStride;
    for (int v = 0; v < Vectors; v++) {
      if (width >= (v + 1) * LANES) {
        AnyVector* there = (AnyVector*)(to + v * LANES);
        *there = add ? *there + sums[i][v] : sums[i][v];
      } else {
        for (int j = 0; j < width - v * LANES; j++) to[v * LANES + j] = (add ? to[v * LANES + j] : 0) + sums[i][v][j];
      }
    }
  }
}

template <int Vectors, bool Transposed>
static void blocks(const float* a, int stride, const float* panel, float* out, int outStride, int rows, int k,
                   int width, bool add) {
  const long long step = Transposed ? 1 : stride;
  int i = 0;
  for (; i + BLOCK_ROWS <= rows; i += BLOCK_ROWS, a += BLOCK_ROWS * step, out += (long long)BLOCK_ROWS * outStride)
    block<BLOCK_ROWS, Vectors, Transposed>(a, stride, panel, out, outStride, k, width, add);
  for (; i + 4 <= rows; i += 4, a += 4 * step, out += 4LL * outStride)
    block<4, Vectors, Transposed>(a, stride, panel, out, outStride, k, width, add);
  for (; i < rows; i++, a += step, out += outStride)
    block<1, Vectors, Transposed>(a, stride, panel, out, outStride, k, width, add);
}

// out [m, n], rows n apart, = a [m, k] · b [k, n], b being packed; with `add`, out += that. A share is tileRows rows by
// tilePanels panels, and each number of the result is summed in the order of k, on any thread.
KERNEL(multiply)(const float* a, int stride, int transposed, const float* packed, float* out, int m, int k, int n,
                 int add, int tileRows, int tilePanels) {
  const int panels = (n + PANEL - 1) / PANEL, across = (panels + tilePanels - 1) / tilePanels;
  const int row = share.index / across * tileRows, rows = m - row < tileRows ? m - row : tileRows;
  const int first = share.index % across * tilePanels;
  const int last = first + tilePanels < panels ? first + tilePanels : panels;
  const float* from = a + (transposed ? row : (long long)row * stride);
  for (int p = first; p < last; p++) {
    const int width = n - p * PANEL < PANEL ? n - p * PANEL : PANEL;
    const float* panel = packed + (long long)p * k * PANEL;
    float* to = out + (long long)row * n + p * PANEL;
    const auto run = width > LANES ? (transposed ? blocks<2, true> : blocks<2, false>)
                                   : (transposed ? blocks<1, true> : blocks<1, false>);
    run(from, stride, panel, to, n, rows, k, width, add);
  }
}
