/** A picture: row-major bytes, one for each pixel (gray) or three (red, green, blue). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

const GRAY = 0;
const RGB = 2;

/** The picture as a PNG file. */
export async function encodePng({ width, height, channels, pixels }: Picture): Promise<Buffer> {
  const { PNG } = (await import('pngjs')).default;
  const colorType = channels === 1 ? GRAY : RGB;
  const png = new PNG({ width, height, colorType, inputColorType: colorType, inputHasAlpha: false });
  png.data = Buffer.from(pixels);
  return PNG.sync.write(png, { colorType, inputColorType: colorType, inputHasAlpha: false, deflateLevel: 9 });
}

/** A PNG as a data URI. */
export function dataUri(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
