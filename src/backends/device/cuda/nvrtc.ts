import type { LibraryHandle } from 'koffi';

// NVRTC compiles CUDA C++ at run time. Documented at docs.nvidia.com/cuda/nvrtc.

/** NVRTC, as far as it is used here. */
export interface Nvrtc {
  /** `13.0` */
  readonly version: string;
  /**
   * Compiles a source to machine code for GPUs of a compute capability.
   * @param capability times ten: 90
   * @throws Error with the compiler's log
   */
  compile(source: string, capability: number): Uint8Array;
}

/** @param library libnvrtc */
export function openNvrtc(library: LibraryHandle): Nvrtc {
  const func = (declaration: string) => library.func(declaration) as (...given: unknown[]) => number;
  const getVersion = func('int nvrtcVersion(_Out_ int *major, _Out_ int *minor)');
  const errorText = library.func('const char *nvrtcGetErrorString(int result)') as (result: number) => string;
  const createProgram = func(
    'int nvrtcCreateProgram(_Out_ uintptr_t *program, const char *source, const char *name, int headers, void *texts, void *names)',
  );
  const compileProgram = func('int nvrtcCompileProgram(uintptr_t program, int count, const char **options)');
  const getCubinSize = func('int nvrtcGetCUBINSize(uintptr_t program, _Out_ size_t *size)');
  const getCubin = func('int nvrtcGetCUBIN(uintptr_t program, void *code)');
  const getLogSize = func('int nvrtcGetProgramLogSize(uintptr_t program, _Out_ size_t *size)');
  const getLog = func('int nvrtcGetProgramLog(uintptr_t program, void *log)');
  const destroyProgram = func('int nvrtcDestroyProgram(uintptr_t *program)');

  const check = (what: string, result: number): void => {
    if (result !== 0) throw new Error(`NVRTC ${what}: ${errorText(result)}`);
  };
  const [major, minor] = [[0], [0]];
  check('does not tell its version', getVersion(major, minor));

  return {
    version: `${major[0]}.${minor[0]}`,
    compile(source, capability) {
      const program = [0];
      check('takes no program', createProgram(program, source, 'kernels.cu', 0, null, null));
      try {
        const options = [`--gpu-architecture=sm_${capability}`, '--std=c++17'];
        const result = compileProgram(program[0], options.length, options);
        if (result !== 0) {
          const size = [0];
          check('has no log', getLogSize(program[0], size));
          const log = Buffer.alloc(Number(size[0]));
          check('has no log', getLog(program[0], log));
          throw new Error(`NVRTC ${errorText(result)}: ${log.toString('utf8').replace(/\0.*$/s, '').trim()}`);
        }
        const size = [0];
        check('has no code', getCubinSize(program[0], size));
        const code = Buffer.alloc(Number(size[0]));
        check('has no code', getCubin(program[0], code));
        return code;
      } finally {
        destroyProgram(program);
      }
    },
  };
}
