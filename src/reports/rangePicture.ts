import { extname } from 'node:path';
import { HandgradError } from '../errors';
import { writeFileAtomic } from '../files/atomicFile';
import type { RangeResult } from '../training/rangeTest';
import { quoted } from '../words';
import { lossOverRates, PICTURE_THEME } from './charts';
import { svgToPng, toSvg } from './render';

/**
 * Checks the name of a picture, before anything slow.
 * @throws HandgradError 'usage' when it is neither of a PNG nor of an SVG file
 */
export function assertPictureName(path: string): void {
  if (['.png', '.svg'].includes(extname(path).toLowerCase())) return;
  throw new HandgradError('usage', `A picture must be called NAME.png or NAME.svg, not ${quoted(path)}.`);
}

/**
 * Writes the picture of a range test: the loss over the learning rate, with the suggested rate.
 * @param path a name that ends in .png or .svg; the file is replaced
 * @throws HandgradError 'usage' for another name, 'storage'
 */
export async function writeRangePicture(path: string, result: RangeResult): Promise<void> {
  assertPictureName(path);
  const svg = await toSvg(lossOverRates(PICTURE_THEME, result));
  await writeFileAtomic(path, /\.svg$/i.test(path) ? svg : await svgToPng(svg));
}
