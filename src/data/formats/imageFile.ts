import { stat } from 'node:fs/promises';
import { HandgradError } from '../../errors';
import type { Background } from '../background';
import { isImageFile } from '../imageSignature';
import { type ImageSource, MAX_IMAGE_BYTES } from './imageSource';

/** Whether to invert an image, from dark on light to light on dark or back. */
export const INVERSIONS = ['auto', 'yes', 'no'] as const;
/** Whether an image is inverted. */
export type Inversion = (typeof INVERSIONS)[number];

export interface ImageOptions {
  /** [height, width] that the network takes. */
  readonly imageShape: readonly [number, number];
  readonly invert: Inversion;
  /** Of the data set, which `auto` matches; if it is unknown, `auto` does not invert. */
  readonly background?: Background;
}

/** An image as the network takes it, and how the file was converted. */
export interface ReadImage {
  /** [height x width] gray, from 0 to 255. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly wasColored: boolean;
  readonly wasTransparent: boolean;
  readonly wasResized: boolean;
  readonly wasInverted: boolean;
}

/** A photograph of 12,000 x 8,000 pixels is read; a larger one would take gigabytes. */
const MOST_PIXELS = 100_000_000;
/** How many bytes of pixels are decoded at a time, over all images; a larger image is decoded alone. */
const DECODED_BYTES = 400_000_000;
/** What decoding takes for each pixel: RGBA from the file, RGB, and gray. */
const BYTES_PER_PIXEL = 8;
const FORMATS: readonly string[] = ['png', 'jpeg'];

/**
 * Reads a PNG or JPEG file, rotated as its metadata says: transparent parts become white,
 * colors become gray (ITU-R BT.601), and it is scaled to fit, undistorted, and padded with the color of its edges.
 * Bytes may also be the gray pixels of an image of the right shape.
 * @throws HandgradError `data` for a file that cannot be read or is neither PNG nor JPEG
 */
export async function readImage(
  source: ImageSource,
  { imageShape, invert, background }: ImageOptions,
): Promise<ReadImage> {
  const [rows, columns] = imageShape;
  const { gray, width, height, wasColored, wasTransparent } =
    source.bytes && !isImageFile(source.bytes) ? pixelsOf(source.file, source.bytes, imageShape) : await decode(source);
  const edge = median(edgeOf(gray, width, height));
  const bright: Background = edge >= 128 ? 'light' : 'dark';
  const wasInverted = invert === 'yes' || (invert === 'auto' && background !== undefined && background !== bright);
  const wasResized = width !== columns || height !== rows;
  const resized = wasResized ? await fitted(gray, { width, height }, { rows, columns, edge }) : gray;
  const pixels = wasInverted ? resized.map((value) => 255 - value) : resized;
  return { pixels, width, height, wasColored, wasTransparent, wasResized, wasInverted };
}

/** Its binary is an optional dependency, which an installation may have left out. */
async function loadSharp() {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    const remedy = 'install it with "npm install --include=optional sharp"';
    throw new HandgradError('backend', `The package sharp, which reads images, does not load here; ${remedy}.`, {
      cause: error,
    });
  }
}

/** An image that is given as its pixels. */
function pixelsOf(file: string, bytes: Uint8Array, [height, width]: readonly [number, number]) {
  if (bytes.length === height * width) {
    return { gray: Uint8Array.from(bytes), width, height, wasColored: false, wasTransparent: false };
  }
  const expected = `neither a PNG or JPEG file, nor the ${height * width} pixels of ${height}x${width}`;
  throw bad(file, `has ${bytes.length} bytes, which are ${expected}`, 'correct it');
}

/** Checks and decodes a file. */
async function decode({ file, bytes }: ImageSource) {
  const found = bytes ? undefined : await stat(file).catch(() => undefined);
  if (!bytes && !found?.isFile()) {
    throw bad(file, found ? 'is not a file' : 'does not exist', 'give the path of an image');
  }
  const size = (bytes?.length ?? found?.size)!;
  if (size > MAX_IMAGE_BYTES) throw bad(file, `has ${size} bytes, of ${MAX_IMAGE_BYTES} at most`, 'make it smaller');
  return grayOf(file, bytes ?? file);
}

async function grayOf(path: string, input: string | Uint8Array) {
  const sharp = await loadSharp();
  let share = 0;
  try {
    const image = sharp(input, { limitInputPixels: MOST_PIXELS, failOn: 'error' });
    const { format, hasAlpha, space, width: columns, height: rows } = await image.metadata();
    if (!FORMATS.includes(format)) throw bad(path, `is ${format} and neither PNG nor JPEG`, 'convert it');
    share = await takeMemory(columns * rows * BYTES_PER_PIXEL);
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColorspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const gray = new Uint8Array(width * height);
    for (let i = 0; i < gray.length; i++) {
      const [r, g, b] = [data[i * channels]!, data[i * channels + 1] ?? 0, data[i * channels + 2] ?? 0];
      gray[i] = channels < 3 ? r : Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    }
    const wasColored = space !== 'b-w' && space !== 'grey16' && channels >= 3;
    return { gray, width, height, wasColored, wasTransparent: hasAlpha };
  } catch (error) {
    if (error instanceof HandgradError) throw error;
    throw bad(path, `cannot be read as an image (${(error as Error).message.split('\n')[0]})`, 'save it again', error);
  } finally {
    giveBack(share);
  }
}

let free = DECODED_BYTES;
const waiting: (() => void)[] = [];

/** Waits until so many bytes may be used for pixels. @returns the bytes to give back: at most all there are */
async function takeMemory(bytes: number): Promise<number> {
  const share = Math.min(bytes, DECODED_BYTES);
  while (free < share) await new Promise<void>((resolve) => waiting.push(resolve));
  free -= share;
  return share;
}

function giveBack(share: number): void {
  free += share;
  for (const resolve of waiting.splice(0)) resolve();
}

/** The whole image, undistorted, centered in rows x columns pixels. */
async function fitted(
  gray: Uint8Array,
  { width, height }: { width: number; height: number },
  { rows, columns, edge }: { rows: number; columns: number; edge: number },
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const background = { r: edge, g: edge, b: edge };
  const { data, info } = await sharp(gray, { raw: { width, height, channels: 1 } })
    .resize({ width: columns, height: rows, fit: 'contain', background })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Uint8Array.from({ length: rows * columns }, (_, i) => data[i * info.channels]!);
}

function edgeOf(pixels: Uint8Array, width: number, height: number): Uint8Array {
  return pixels.filter((_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return row === 0 || row === height - 1 || column === 0 || column === width - 1;
  });
}

function median(values: Uint8Array): number {
  return values.sort()[Math.floor(values.length / 2)]!;
}

function bad(path: string, found: string, remedy: string, cause?: unknown): HandgradError {
  return new HandgradError('data', `The image ${path} ${found}; ${remedy}.`, { cause });
}
