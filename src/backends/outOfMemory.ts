// How each backend says that there is no memory left, on the host or on the GPU.
const WORDS = [
  /\bOOM when allocating\b|\bRESOURCE_EXHAUSTED\b|failed to allocate memory|CUDA_ERROR_OUT_OF_MEMORY/, // TensorFlow
  /Array buffer allocation failed|Invalid (typed )?array (buffer )?length/, // JavaScript
  /^The GPU could not compute/, // webgpu, by src/backends/webgpu/errors.ts
];

/**
 * Did a backend fail because its memory is full? A WebAssembly backend only traps:
 * it aborts when it cannot grow, and after that each of its functions, disposal too, reads outside of its memory.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'OutOfDeviceMemory') return true; // native and cuda
  if (error.name === 'RuntimeError') return /^Aborted|memory access out of bounds/.test(error.message);
  return WORDS.some((words) => words.test(error.message));
}
