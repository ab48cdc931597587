import { crc32 } from 'node:zlib';
import sharp from 'sharp';

/** Small PNG and JPEG files of several forms, by name. */
export async function smallImages(): Promise<Record<string, Buffer>> {
  const shape = { width: 6, height: 5 };
  const noise = (channels: 1 | 3 | 4) => {
    const values = Uint8Array.from({ length: 30 * channels }, (_, i) => (i * 7919) % 251);
    return sharp(values, { raw: { ...shape, channels } });
  };
  return {
    'gray.png': await noise(1).toColorspace('b-w').png().toBuffer(),
    'transparent.png': await noise(4).png().toBuffer(),
    'palette.png': await noise(3).png({ palette: true }).toBuffer(),
    'deep.png': await noise(3).toColorspace('rgb16').png({ progressive: true }).toBuffer(),
    'color.jpg': await noise(3).jpeg().toBuffer(),
    'rotated.jpg': await noise(1).withMetadata({ orientation: 6, density: 300 }).jpeg({ progressive: true }).toBuffer(),
  };
}

/** Corrects the checksums of the chunks of a PNG file, as far as its lengths lead. */
export function withChecksums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.toString('latin1', 1, 4) !== 'PNG') return copy;
  for (let at = 8; at + 12 <= copy.length;) {
    const end = at + 8 + copy.readUInt32BE(at);
    if (end + 4 > copy.length) break;
    copy.writeUInt32BE(crc32(copy.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return copy;
}
