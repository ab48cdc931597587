/** A backend that is running: TensorFlow.js computes on it from now on. */
export interface Running {
  /** What computes, in words: `WebAssembly with SIMD, one thread`. */
  readonly device: string;
  /** How many threads compute, where the backend lets that be chosen. */
  readonly threads?: number;
  /** The most memory that the backend can address, in bytes, where that may be less than the machine has. */
  readonly addressableBytes?: number;
  /** Node, TensorFlow.js and what the backend is made of, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Why a backend cannot run here, as half sentences that an error or a notice is made of. */
export interface Unavailable {
  /** What is missing: `TensorFlow found no GPU`. */
  readonly reason: string;
  /** What the user can do about it, as an order: `install …`. */
  readonly remedy: string;
  /** This machine has not the hardware for it: nobody who asked for no backend in particular needs to hear of that. */
  readonly noHardware?: boolean;
}

/**
 * The most threads that can be asked for; wasm computes on 8 at most.
 * More bring nothing on networks of this kind: on machines with many cores they only get in each other's way.
 */
export const MAX_THREADS = 64;

/** What can be chosen about how a backend runs. A backend takes no notice of what it has no use for. */
export interface BackendOptions {
  /** Threads that native and wasm compute on. */
  readonly threads?: number;
  /**
   * Whether cuda may round the operands of matrix products to TF32, which is faster and less exact; other backends
   * refuse.
   */
  readonly tf32?: boolean;
  /** Whether a backend may be compiled now when it has not been yet; it takes seconds. */
  readonly compile?: boolean;
  /** Whether webgpu may take an adapter that is a program on the processor. */
  readonly allowSoftware?: boolean;
}

/** One backend. */
export interface Backend {
  /**
   * Loads the backend and makes it TensorFlow.js's current one, or says why not. `notice` takes what the user should
   * know.
   */
  start(notice: (message: string) => void, options: BackendOptions): Promise<Running | Unavailable>;
}
