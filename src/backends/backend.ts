/** A running backend, which TensorFlow.js computes on. */
export interface Running {
  /** What computes, in words: `WebAssembly with SIMD, one thread`. */
  readonly device: string;
  /** The number of threads, for backends that let the user choose it. */
  readonly threads?: number;
  /** The most memory that the backend can address, in bytes, if that may be less than the machine has. */
  readonly addressableBytes?: number;
  /** The versions of Node, TensorFlow.js and the backend's parts, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Why a backend cannot run here, as the clauses of an error or a notice. */
export interface Unavailable {
  /** What is missing: `TensorFlow found no GPU`. */
  readonly reason: string;
  /** What the user can do about it, in the imperative: `install …`. */
  readonly remedy: string;
  /** This machine lacks the hardware, which only a user who named the backend needs to know. */
  readonly noHardware?: boolean;
}

/** The largest number of threads; that of wasm is 8. More do not speed up networks of this kind. */
export const MAX_THREADS = 64;

/** How a backend runs. A backend ignores options that it does not support. */
export interface BackendOptions {
  /** Threads that native and wasm compute on. */
  readonly threads?: number;
  /**
   * Whether cuda may round the operands of matrix products to TF32, which is faster and less exact; other backends
   * refuse.
   */
  readonly tf32?: boolean;
  /** Whether a backend may be compiled now, if needed; it takes seconds. */
  readonly compile?: boolean;
  /** Whether webgpu may use a software adapter, which runs on the CPU. */
  readonly allowSoftware?: boolean;
}

/** One backend. */
export interface Backend {
  /**
   * Loads the backend and makes it TensorFlow.js's current one, or returns why not. `notice` receives messages for the
   * user.
   */
  start(notice: (message: string) => void, options: BackendOptions): Promise<Running | Unavailable>;
}
