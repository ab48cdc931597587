// How each backend reports that memory is exhausted, on the host or on the GPU.
const WORDS = [
  /\bOOM when allocating\b|\bRESOURCE_EXHAUSTED\b|failed to allocate memory|CUDA_ERROR_OUT_OF_MEMORY/, // TensorFlow
  /Array buffer allocation failed|Invalid (typed )?array (buffer )?length/, // JavaScript
  /^The GPU could not compute/, // webgpu, by src/backends/webgpu/errors.ts
];

/**
 * Whether a backend failed because memory is exhausted. A WebAssembly backend only traps:
 * it aborts when it cannot grow, and afterwards all its functions, disposal included, read out of bounds.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'OutOfDeviceMemory') return true; // native and cuda
  if (error.name === 'RuntimeError') return /^Aborted|memory access out of bounds/.test(error.message);
  return WORDS.some((words) => words.test(error.message));
}
