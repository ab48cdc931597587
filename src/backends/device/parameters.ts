import type { KernelDeclaration } from './kernelFile';

/** The memory of a launch's parameters, 8 bytes each. */
export interface Slots {
  readonly integers: Int32Array;
  readonly unsigned: Uint32Array;
  readonly floats: Float32Array;
}

/** Views of the memory for each type of parameter. */
export function slotsIn(memory: ArrayBuffer): Slots {
  return { integers: new Int32Array(memory), unsigned: new Uint32Array(memory), floats: new Float32Array(memory) };
}

/**
 * Writes a kernel's parameters.
 * @param values in the order of its declaration: addresses and numbers
 * @param at the first slot, in units of 4 bytes
 */
export function writeParameters(
  { parameters }: KernelDeclaration,
  values: readonly number[],
  { integers, unsigned, floats }: Slots,
  at: number,
): void {
  for (let i = 0, slot = at; i < parameters.length; i++, slot += 2) {
    const value = values[i]!;
    switch (parameters[i]!.kind) {
      case 'pointer':
        unsigned[slot] = value;
        unsigned[slot + 1] = value / 2 ** 32;
        break;
      case 'integer':
        integers[slot] = value;
        break;
      case 'number':
        floats[slot] = value;
    }
  }
}
