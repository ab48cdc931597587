import type { LibraryHandle } from 'koffi';

// NVRTC compiles CUDA C++ at run time. Documented at docs.nvidia.com/cuda/nvrtc.

/** The part of NVRTC used here. */
export interface Nvrtc {
  /** `13.0` */
  readonly version: string;
  /** The GPUs that it supports, by compute capability times ten. */
  readonly architectures: readonly number[];
  /**
   * Compiles a source.
   * @param architecture `sm_90` for machine code, `compute_90` for PTX
   * @throws Error with the compiler's log
   */
  compile(source: string, architecture: string): Uint8Array;
}

/** @param library libnvrtc */
export function openNvrtc(library: LibraryHandle): Nvrtc {
  const func = (declaration: string) => library.func(declaration) as (...given: unknown[]) => number;
  const getVersion = func('int nvrtcVersion(_Out_ int *major, _Out_ int *minor)');
  const errorText = library.func('const char *nvrtcGetErrorString(int result)') as (result: number) => string;
  const createProgram = func(
    'int nvrtcCreateProgram(_Out_ uintptr_t *program, const char *source, const char *name, int headers, ' +
      'void *texts, void *names)',
  );
  const compileProgram = func('int nvrtcCompileProgram(uintptr_t program, int count, const char **options)');
  const getNumArchitectures = func('int nvrtcGetNumSupportedArchs(_Out_ int *count)');
  const getArchitectures = func('int nvrtcGetSupportedArchs(void *architectures)');
  const getCubinSize = func('int nvrtcGetCUBINSize(uintptr_t program, _Out_ size_t *size)');
  const getCubin = func('int nvrtcGetCUBIN(uintptr_t program, void *code)');
  const getPtxSize = func('int nvrtcGetPTXSize(uintptr_t program, _Out_ size_t *size)');
  const getPtx = func('int nvrtcGetPTX(uintptr_t program, void *code)');
  const getLogSize = func('int nvrtcGetProgramLogSize(uintptr_t program, _Out_ size_t *size)');
  const getLog = func('int nvrtcGetProgramLog(uintptr_t program, void *log)');
  const destroyProgram = func('int nvrtcDestroyProgram(uintptr_t *program)');

  const check = (what: string, result: number): void => {
    if (result !== 0) throw new Error(`NVRTC ${what}: ${errorText(result)}`);
  };
  const [major, minor] = [[0], [0]];
  check('does not report its version', getVersion(major, minor));
  const count = [0];
  check('does not report its architectures', getNumArchitectures(count));
  const architectures = new Int32Array(count[0]!);
  check('does not report its architectures', getArchitectures(architectures));

  return {
    version: `${major[0]}.${minor[0]}`,
    architectures: [...architectures],
    compile(source, architecture) {
      const program = [0];
      check('takes no program', createProgram(program, source, 'kernels.cu', 0, null, null));
      try {
        const options = [`--gpu-architecture=${architecture}`, '--std=c++17'];
        const result = compileProgram(program[0], options.length, options);
        if (result !== 0) {
          const size = [0];
          check('has no log', getLogSize(program[0], size));
          const log = Buffer.alloc(Number(size[0]));
          check('has no log', getLog(program[0], log));
          throw new Error(`NVRTC ${errorText(result)}: ${log.toString('utf8').replace(/\0.*$/s, '').trim()}`);
        }
        const [getSize, getCode] = architecture.startsWith('sm_') ? [getCubinSize, getCubin] : [getPtxSize, getPtx];
        const size = [0];
        check('has no code', getSize(program[0], size));
        const code = Buffer.alloc(Number(size[0]));
        check('has no code', getCode(program[0], code));
        return code;
      } finally {
        destroyProgram(program);
      }
    },
  };
}
