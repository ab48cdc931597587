/** An engine that is running: TensorFlow.js computes on it from now on. */
export interface Running {
  /** What computes, in words: `WebAssembly with SIMD, one thread`. */
  readonly device: string;
  /** How many threads compute, where the engine lets that be chosen. */
  readonly threads?: number;
  /** The most memory that the engine can address, in bytes, where that may be less than the machine has. */
  readonly addressableBytes?: number;
  /** Node, TensorFlow.js and what the engine is made of, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Why an engine cannot run here, as half sentences that an error or a notice is made of. */
export interface Unavailable {
  /** What is missing: `TensorFlow found no GPU`. */
  readonly reason: string;
  /** What the user can do about it, as an order: `install …`. */
  readonly remedy: string;
}

/** What can be chosen about how an engine runs. An engine takes no notice of what it has no use for. */
export interface EngineOptions {
  /** Threads that wasm computes on. */
  readonly threads?: number;
  /** Whether webgpu may take an adapter that is a program on the processor. */
  readonly allowSoftware?: boolean;
}

/** One engine. */
export interface Backend {
  /** Loads the engine and makes it TensorFlow.js's current one, or says why not. `notice` takes what the user should know. */
  start(notice: (message: string) => void, options: EngineOptions): Promise<Running | Unavailable>;
}
