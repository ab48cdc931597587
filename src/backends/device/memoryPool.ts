import { type Address, type Device, OutOfDeviceMemory } from './device';

/** Idle memory may be as much as is in use, and at least this much. */
const IDLE_BYTES = 64 * 2 ** 20;

/** Block sizes per power of two: a block is at most an eighth larger than requested. */
const STEPS = 8;

/**
 * A pool of device memory: freed blocks are kept for tensors of the same size.
 * Allocating costs more than most operations, and the ordered queue makes a block reusable at once.
 */
export class MemoryPool {
  private readonly idle = new Map<number, Address[]>();
  private idleBytes = 0;
  private usedBytes = 0;

  constructor(private readonly device: Pick<Device, 'allocate' | 'release'>) {}

  /** @throws OutOfDeviceMemory when the device has no room for it, even after releasing idle blocks */
  allocate(bytes: number): Address {
    const size = blockSize(bytes);
    const list = this.idle.get(size);
    const kept = list?.pop();
    this.usedBytes += size;
    if (kept !== undefined) {
      this.idleBytes -= size;
      return kept;
    }
    try {
      return this.device.allocate(size);
    } catch (error) {
      this.releaseIdle();
      try {
        if (error instanceof OutOfDeviceMemory) return this.device.allocate(size);
      } catch {
        // the first error says the same
      }
      this.usedBytes -= size;
      throw error;
    }
  }

  /** @param bytes as requested */
  free(address: Address, bytes: number): void {
    const size = blockSize(bytes);
    this.usedBytes -= size;
    const list = this.idle.get(size);
    if (list) list.push(address);
    else this.idle.set(size, [address]);
    this.idleBytes += size;
    if (this.idleBytes > IDLE_BYTES && this.idleBytes > this.usedBytes) this.releaseIdle();
  }

  /** Returns all idle blocks to the device. */
  releaseIdle(): void {
    for (const list of this.idle.values()) for (const address of list) this.device.release(address);
    this.idle.clear();
    this.idleBytes = 0;
  }

  /** Bytes in used and in idle blocks. */
  get bytes(): { readonly used: number; readonly idle: number } {
    return { used: this.usedBytes, idle: this.idleBytes };
  }
}

/** The block size for so many bytes: few sizes make reuse likely. */
export function blockSize(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** Math.floor(Math.log2((bytes - 1) / STEPS));
  return Math.ceil(bytes / step) * step;
}
