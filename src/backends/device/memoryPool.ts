import { type Address, type Device, OutOfDeviceMemory } from './device';

/** Memory that lies idle may be as much as is in use, and this much is always allowed. */
const IDLE_BYTES = 64 * 2 ** 20;

/** Steps between one power of two and the next: a block is at most an eighth larger than what was asked for. */
const STEPS = 8;

/**
 * Memory of a device, kept for the next tensor of its size when it is freed: asking the device costs more than most
 * operations, and its order of work lets a block be used again at once.
 */
export class MemoryPool {
  private readonly idle = new Map<number, Address[]>();
  private idleBytes = 0;
  private usedBytes = 0;

  constructor(private readonly device: Pick<Device, 'allocate' | 'release'>) {}

  /**
   * @throws OutOfDeviceMemory when the device has no room for it, idle blocks given back
   */
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

  /** @param bytes as they were asked for */
  free(address: Address, bytes: number): void {
    const size = blockSize(bytes);
    this.usedBytes -= size;
    const list = this.idle.get(size);
    if (list) list.push(address);
    else this.idle.set(size, [address]);
    this.idleBytes += size;
    if (this.idleBytes > IDLE_BYTES && this.idleBytes > this.usedBytes) this.releaseIdle();
  }

  /** Gives all idle blocks back to the device. */
  releaseIdle(): void {
    for (const list of this.idle.values()) for (const address of list) this.device.release(address);
    this.idle.clear();
    this.idleBytes = 0;
  }

  /** Bytes in blocks that tensors use, and in those that wait for some. */
  get bytes(): { readonly used: number; readonly idle: number } {
    return { used: this.usedBytes, idle: this.idleBytes };
  }
}

/** The size of the block that so many bytes go into: blocks of few sizes find new users. */
export function blockSize(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** Math.floor(Math.log2((bytes - 1) / STEPS));
  return Math.ceil(bytes / step) * step;
}
