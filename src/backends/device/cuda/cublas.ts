import type { LibraryHandle } from 'koffi';
import { HandgradError } from '../../../errors';
import { type MatrixProduct, OutOfDeviceMemory } from '../device';

// cuBLAS, NVIDIA's matrix products. Documented at docs.nvidia.com/cuda/cublas.

const OPERATION = { plain: 0, transposed: 1 } as const;
const MATH_MODE = { default: 0, tf32: 3 } as const;
const ALLOC_FAILED = 3;

/** cuBLAS on a stream of the driver. */
export interface Cublas {
  readonly version: string;
  multiply(product: MatrixProduct): void;
}

/**
 * @param library libcublas
 * @param tf32 lets the tensor cores round operands to TF32, 10 bits of mantissa instead of 23
 * @throws Error with cuBLAS's message when it does not start
 */
export function startCublas(library: LibraryHandle, stream: number, tf32: boolean): Cublas {
  const func = (declaration: string) => library.func(declaration) as (...given: unknown[]) => number;
  const create = func('int cublasCreate_v2(_Out_ uintptr_t *handle)');
  const getVersion = func('int cublasGetVersion_v2(uintptr_t handle, _Out_ int *version)');
  const setStream = func('int cublasSetStream_v2(uintptr_t handle, uintptr_t stream)');
  const setMathMode = func('int cublasSetMathMode(uintptr_t handle, int mode)');
  const sgemm = func(
    'int cublasSgemm_v2(uintptr_t handle, int opA, int opB, int m, int n, int k, void *alpha, uintptr_t A, int lda, ' +
      'uintptr_t B, int ldb, void *beta, uintptr_t C, int ldc)',
  );
  const statusText = library.func('const char *cublasGetStatusString(int status)') as (status: number) => string;
  const check = (what: string, status: number): void => {
    if (status !== 0) throw new Error(`${what}: ${statusText(status)}`);
  };
  const [handle, version] = [[0], [0]];
  check('cublasCreate', create(handle));
  check('cublasGetVersion', getVersion(handle[0], version));
  check('cublasSetStream', setStream(handle[0], stream));
  check('cublasSetMathMode', setMathMode(handle[0], tf32 ? MATH_MODE.tf32 : MATH_MODE.default));
  const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];

  return {
    version: [Math.floor(version[0]! / 10_000), Math.floor((version[0]! % 10_000) / 100), version[0]! % 100].join('.'),
    // cuBLAS stores matrices column by column. Row by row, the same memory holds the transposes: outᵀ = bᵀ·aᵀ.
    multiply({ a, b, out, m, k, n, transposeA, transposeB }) {
      const [opA, opB] = [transposeA, transposeB].map((turned) => (turned ? OPERATION.transposed : OPERATION.plain));
      const [lda, ldb] = [transposeA ? m : k, transposeB ? k : n];
      const status = sgemm(handle[0], opB, opA, n, m, k, one, b, ldb, a, lda, zero, out, n);
      if (status === ALLOC_FAILED) throw new OutOfDeviceMemory('the GPU has no memory left (cublasSgemm)');
      if (status !== 0) {
        throw new HandgradError(
          'backend',
          `The GPU failed (cublasSgemm: ${statusText(status)}): start again or choose another backend.`,
        );
      }
    },
  };
}

/** The version of cuBLAS, before it is started: `13.0.1`. */
export function cublasVersion(library: LibraryHandle): string {
  const getProperty = library.func('int cublasGetProperty(int property, _Out_ int *value)') as (
    property: number,
    value: number[],
  ) => number;
  const parts = [0, 1, 2].map((property) => {
    const value = [0];
    getProperty(property, value);
    return value[0]!;
  });
  return parts.join('.');
}
