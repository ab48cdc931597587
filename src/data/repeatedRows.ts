/** Where a hash of several numbers starts. */
export const HASH_START = 0x811c9dc5 | 0;

/** A hash with one more number: FNV-1a, over 32-bit words. */
export const hashed = (hash: number, word: number): number => Math.imul(hash ^ word, 0x01000193);

/**
 * Finds rows that repeat an earlier one.
 * @param hashes [rows]: of equal rows the same
 * @param areEqual compares two rows whose hashes agree
 * @returns [rows]: the first row equal to each, which is the row itself where none before it is
 */
export function firstEqualRows(hashes: Int32Array, areEqual: (a: number, b: number) => boolean): Int32Array {
  // Open addressing, at most half full: a Map of a million rows takes ten times the memory.
  const size = 2 ** Math.ceil(Math.log2(2 * hashes.length + 2));
  const found = new Int32Array(size).fill(-1);
  return Int32Array.from(hashes, (hash, row) => {
    let at = spread(hash) & (size - 1);
    for (; found[at] !== -1; at = (at + 1) & (size - 1)) {
      const earlier = found[at]!;
      if (hashes[earlier] === hash && areEqual(earlier, row)) return earlier;
    }
    found[at] = row;
    return row;
  });
}

/** Only the low bits of a hash choose a place: the high ones are mixed into them. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  return mixed ^ (mixed >>> 15);
}

/** `firstEqualRows` of rows of bytes. */
export function firstEqualBytes(count: number, bytesOf: (row: number) => Uint8Array): Int32Array {
  const hashes = Int32Array.from({ length: count }, (_, row) => {
    const bytes = bytesOf(row);
    let hash = HASH_START;
    for (let i = 0; i < bytes.length; i++) hash = hashed(hash, bytes[i]!);
    return hash;
  });
  return firstEqualRows(hashes, (a, b) => Buffer.compare(bytesOf(a), bytesOf(b)) === 0);
}
