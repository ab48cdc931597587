import {
  calibration,
  confusionMatrix,
  curves,
  parallelCoordinates,
  PICTURE_THEME,
  predictedAgainstTrue,
  residuals,
  resultAgainst,
  stepCurve,
} from './charts';
import { type Comparison, differingSettings, trialsOf } from './compareReport';
import { encodePng, type Picture } from '../pictures/png';
import { svgToPng, toSvg } from './render';
import type { RunData } from '../runs/readRun';
import { MOST_CLASSES, MOST_MISTAKES, MOST_UNITS, runCurves, runSteps, type Trained } from './runReport';
import { confusionGrid } from '../pictures/confusionGrid';
import { sampleImage } from '../pictures/sampleImage';
import { BLUE_ORANGE, weightGrid } from '../pictures/weightGrid';

/** A picture of a report, with the name its file gets. */
export interface NamedPicture {
  readonly name: string;
  readonly bytes: Uint8Array;
}

type Spec = ReturnType<typeof curves>;

const chart = async (name: string, spec: Spec) => ({ name: `${name}.png`, bytes: await svgToPng(await toSvg(spec)) });

/** The pictures of a run's report. */
export async function runPictures(run: RunData, trained: Trained | undefined): Promise<NamedPicture[]> {
  const pictures = [];
  for (const { name, lines, marked } of runCurves(run)) {
    pictures.push(await chart(fileName(name), curves(PICTURE_THEME, name, lines, { marked })));
  }
  for (const { name, points } of runSteps(run)) {
    pictures.push(await chart(fileName(name), stepCurve(PICTURE_THEME, name, points)));
  }
  if (!trained) return pictures;
  const { test, imageShape, parameters } = trained;
  if (imageShape) {
    const weights = weightGrid(parameters[0]!, imageShape, { paint: BLUE_ORANGE, most: MOST_UNITS });
    pictures.push({ name: 'first-layer.png', bytes: await encodePng(weights) });
  }
  if (trained.task === 'regression') {
    for (const [i, output] of trained.outputs.entries()) {
      const number = trained.outputs.length > 1 ? `-${i + 1}` : '';
      pictures.push(
        await chart(`predicted${number}`, predictedAgainstTrue(PICTURE_THEME, output)),
        await chart(`residuals${number}`, residuals(PICTURE_THEME, output)),
      );
    }
    return pictures;
  }
  const { examination, classNames } = trained;
  pictures.push(
    classNames.length > MOST_CLASSES
      ? { name: 'confusion.png', bytes: await encodePng(confusionGrid(examination.confusion)) }
      : await chart('confusion', confusionMatrix(PICTURE_THEME, examination.confusion, classNames)),
    await chart('calibration', calibration(PICTURE_THEME, examination.calibration)),
  );
  const { worst } = examination;
  if (imageShape && worst.length > 0) {
    const mistakes = worst.slice(0, MOST_MISTAKES).map(({ index }) => sampleImage(test, index, imageShape));
    pictures.push({ name: 'mistakes.png', bytes: await encodePng(contactSheet(mistakes)) });
  }
  return pictures;
}

const fileName = (chart: string) => chart.toLowerCase().replaceAll(' ', '-');

/** The pictures of a comparison. */
export async function comparisonPictures(comparison: Comparison): Promise<NamedPicture[]> {
  const trials = trialsOf(comparison);
  const keys = differingSettings(comparison.items).slice(0, 8);
  const { resultName, charts } = comparison;
  const pictures = [];
  for (const { name, lines } of charts) {
    pictures.push(await chart(fileName(name), curves(PICTURE_THEME, name, lines)));
  }
  if (trials.length > 1 && keys.length > 0) {
    pictures.push(await chart('parallel', parallelCoordinates(PICTURE_THEME, trials, keys, resultName)));
    for (const key of keys) {
      pictures.push(await chart(`against-${key}`, resultAgainst(PICTURE_THEME, trials, key, resultName)));
    }
  }
  return pictures;
}

/** Pictures of one size side by side, in rows of eight. */
function contactSheet(pictures: readonly Picture[]): Picture {
  const columns = Math.min(8, pictures.length);
  const { width, height } = pictures[0]!;
  const [total, full] = [columns * (width + 1) + 1, Math.ceil(pictures.length / columns) * (height + 1) + 1];
  const pixels = new Uint8Array(total * full).fill(255);
  pictures.forEach((picture, i) => {
    const [left, top] = [1 + (i % columns) * (width + 1), 1 + Math.floor(i / columns) * (height + 1)];
    for (let row = 0; row < height; row++) {
      pixels.set(picture.pixels.subarray(row * width, (row + 1) * width), (top + row) * total + left);
    }
  });
  return { width: total, height: full, channels: 1, pixels };
}
