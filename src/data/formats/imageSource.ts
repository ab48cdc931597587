import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HandgradError } from '../../errors';
import { filesMatching, isPattern } from '../../files/matching';
import { formatBytes, formatCount } from '../../words';
import { isImageFile } from '../imageSignature';

/**
 * Images to classify: the path of a PNG or JPEG file, of a folder with such files, or a pattern such as `a/*.png`;
 * `-` for `stdin`; or the bytes of one image, those of a file or its gray pixels from 0 to 255, row by row.
 */
export type ImageInput = string | Uint8Array;

/** One image. */
export interface ImageSource {
  /** Its path, or what messages call it. */
  readonly file: string;
  /** Its bytes, if it is not read from `file`. */
  readonly bytes?: Uint8Array;
}

/** An image, or why an input is none. */
export type FoundImage = ImageSource | { readonly file: string; readonly error: HandgradError };

const IMAGE_FILES = '**/*.{png,jpg,jpeg,jpe}';
const IMAGE_NAME = /\.(png|jpe?g|jpe)$/i;
/** The largest file of an image. */
export const MAX_IMAGE_BYTES = 200_000_000;

/**
 * The images that are meant, one by one.
 * @param options.imageShape [height, width], of images that are given as their pixels
 * @returns what can be read, and a HandgradError 'data' for each input that stands for no image
 */
export async function* imageSources(
  inputs: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  options: {
    readonly imageShape: readonly [number, number];
    readonly stdin?: () => AsyncIterable<Uint8Array>;
  },
): AsyncGenerator<FoundImage, void, void> {
  let given = 0;
  for await (const input of inputs) {
    given++;
    if (typeof input !== 'string') yield { file: `image ${given}`, bytes: input };
    else {
      try {
        yield* input === '-' ? standardInput(options) : filesOf(input);
      } catch (error) {
        if (!(error instanceof HandgradError)) throw error;
        yield { file: input, error };
      }
    }
  }
}

async function* filesOf(path: string): AsyncGenerator<ImageSource, void, void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) {
    const names = await filesMatching(IMAGE_FILES, { cwd: path, caseSensitiveMatch: false });
    if (names.length === 0) throw data(`The folder ${path} holds no PNG or JPEG file; give another.`);
    for (const name of names) yield { file: join(path, name) };
  } else if (!found && isPattern(path)) {
    const names = await filesMatching(path);
    if (names.length === 0) throw data(`No file matches ${path}; correct the pattern.`);
    for (const file of names) yield { file };
  } else yield { file: path };
}

/** The images on stdin: the content tells whether it is the bytes of an image file, pixels, or a path a line. */
async function* standardInput({
  imageShape,
  stdin,
}: Parameters<typeof imageSources>[1]): AsyncGenerator<ImageSource, void, void> {
  if (!stdin) throw data('There is no standard input; give paths.');
  const stream = stdin()[Symbol.asyncIterator]();
  const next = async () => {
    const chunk = await stream.next();
    // A stream of text gives text.
    return chunk.done ? undefined : Buffer.from(chunk.value);
  };
  let head = Buffer.alloc(0);
  let ended = false;
  while (!ended && (head.length < 8 || (isText(head, false) && !head.includes(LINE_FEED)))) await more();
  async function more() {
    const chunk = await next();
    if (chunk) head = Buffer.concat([head, chunk]);
    else ended = true;
  }
  async function* chunks() {
    yield head;
    if (!ended) for (let chunk = await next(); chunk; chunk = await next()) yield chunk;
  }
  if (head.length === 0) throw data('The standard input is empty; give paths, pixels or an image file.');
  if (isImageFile(head)) yield { file: 'stdin', bytes: assertOne(await whole(chunks())) };
  else if (isText(head, ended) && !(await arePixels(head, ended, imageShape))) {
    await assertPaths(head, imageShape);
    yield* pathsIn(chunks());
  } else {
    // What is short is checked before anything is classified.
    while (!ended && head.length < CHECKED_BYTES) await more();
    yield* pixelsIn(chunks(), imageShape, ended ? head.length : undefined);
  }
}

const LINE_FEED = 10;
const CHECKED_BYTES = 1 << 20;

/** Whether bytes may be paths, one a line: UTF-8 without control characters. */
function isText(bytes: Uint8Array, ended: boolean): boolean {
  // eslint-disable-next-line no-control-regex -- what no path has
  if (/[\0-\x08\x0b\x0c\x0e-\x1f]/.test(Buffer.from(bytes).toString('latin1'))) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !ended });
    return true;
  } catch {
    return false;
  }
}

/** Whether what could be the path of a file is rather an image that happens to be readable, such as a gray one. */
async function arePixels(bytes: Buffer, ended: boolean, [height, width]: readonly [number, number]): Promise<boolean> {
  if (!ended || bytes.length === 0 || bytes.length % (height * width) > 0 || bytes.includes(LINE_FEED)) return false;
  return (await stat(bytes.toString('utf8')).catch(() => undefined)) === undefined;
}

/** Refuses a table: a first line with several cells, which is not the path of an image. */
async function assertPaths(bytes: Buffer, [height, width]: readonly [number, number]): Promise<void> {
  const [line = ''] = bytes.toString('utf8').split(/\r?\n/, 1);
  const cells = line.split(/[,;\t]/).length;
  if (cells < 2 || IMAGE_NAME.test(line) || (await stat(line).catch(() => undefined))) return;
  throw data(
    cells >= height * width
      ? 'The standard input looks like a table; store it in a file whose name ends in .csv, and name that.'
      : `The standard input looks like a table of ${cells} columns, and the model takes images of ` +
          `${height}x${width}; give images, their paths or their pixels.`,
  );
}

async function* pathsIn(chunks: AsyncIterable<Buffer>): AsyncGenerator<ImageSource, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== '') yield { file: line.replace(/\r$/, '') };
  }
  if (rest.trim() !== '') yield { file: rest };
}

async function* pixelsIn(
  chunks: AsyncIterable<Buffer>,
  [height, width]: readonly [number, number],
  total: number | undefined,
): AsyncGenerator<ImageSource, void, void> {
  const size = height * width;
  const expected = `the pixels of images of ${formatCount(size)} bytes each (${height}x${width})`;
  if (total !== undefined && total % size > 0) {
    const found = `The standard input has ${formatCount(total)} bytes, which are neither a PNG or JPEG file, nor paths`;
    throw data(`${found}, nor ${expected}; correct them.`);
  }
  let rest = Buffer.alloc(0);
  let count = 0;
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + size <= rest.length; at += size)
      yield { file: `stdin:${++count}`, bytes: rest.subarray(at, at + size) };
    rest = rest.subarray(at);
  }
  if (rest.length === 0) return;
  throw data(`The standard input ends within image ${count + 1}; it must have ${expected}.`);
}

async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    all.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_IMAGE_BYTES) {
      throw data(`The image on the standard input has more than ${formatBytes(MAX_IMAGE_BYTES)}; make it smaller.`);
    }
  }
  return Buffer.concat(all);
}

/** Refuses what follows a PNG file, which would be ignored: `cat *.png`. */
function assertOne(bytes: Buffer): Buffer {
  if (bytes[0] !== 0x89) return bytes;
  let at = 8;
  let type = '';
  // Each chunk: its length, its type, its content, a checksum.
  for (; type !== 'IEND' && at + 12 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    type = bytes.toString('latin1', at + 4, at + 8);
  }
  if (type !== 'IEND' || at >= bytes.length) return bytes;
  throw data('The standard input has more than one image file; give their paths, one a line.');
}

function data(message: string): HandgradError {
  return new HandgradError('data', message);
}
