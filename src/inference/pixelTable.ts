import type { Dataset } from '../data/samples';
import { columnType } from '../data/tables/columnTypes';
import { labeledRows, suggestedLabel } from '../data/tables/label';
import { columnNamed } from '../data/tables/pickColumns';
import type { Column, Table } from '../data/tables/table';
import { assertPixels, pixels } from '../data/tables/tableDataset';
import type { ColumnChoice } from '../data/tables/typedTable';
import { transposedPixels } from '../data/transpose';
import { HandgradError } from '../errors';
import type { OpenOptions } from '../runs/events';
import type { ModelConfig } from '../runs/modelConfig';
import { plural } from '../words';
import { foundClasses, knownRows, readTableToUse, type UnknownOptions } from './tableToUse';

/** The config of a model that was trained on images. */
export type ImageModelConfig = ModelConfig & Required<Pick<ModelConfig, 'imageShape'>>;

/** A table of images, one pixel from 0 to 255 a column, row by row of the image. */
export interface PixelTable {
  readonly table: Table;
  readonly pixels: readonly Column[];
  /** The column of the labels, if it has one. */
  readonly label?: number;
}

/** What the columns of a table of images are. */
export interface PixelColumns {
  /** The name or position of the label, if it does not suggest itself. */
  readonly labelColumn?: string;
  /** The images are stored with rows and columns exchanged. */
  readonly transpose?: boolean;
}

/**
 * Reads a table of images for a model of images. A column beside the pixels is the label.
 * @throws HandgradError 'data' for another number of columns, or for other pixels; 'usage' for an unknown label
 */
export async function readPixels(
  { imageShape }: ImageModelConfig,
  spec: string,
  { labelColumn, transpose }: PixelColumns,
  options: OpenOptions,
): Promise<PixelTable> {
  const table = await readTableToUse(spec, {}, options);
  const { columns, path } = table;
  const [height, width] = imageShape;
  const count = height * width;
  if (columns.length !== count && columns.length !== count + 1) {
    throw new HandgradError(
      'data',
      `${path} has ${plural(columns.length, 'column')}, and the model was trained on images of ${height}x${width}: a ` +
        `table for it has ${count} columns of pixels, with or without one of labels; give such a table, or images.`,
    );
  }
  const label = columns.length === count ? undefined : labelOf(table, labelColumn);
  const used = columns.filter((_, index) => index !== label);
  for (const column of used) assertPixels(column, table, 'correct the file');
  const upright = transpose ? [...transposedPixels(imageShape)].map((at) => used[at]!) : used;
  return { table, pixels: upright, ...(label !== undefined && { label }) };
}

function labelOf(table: Table, labelColumn: string | undefined): number {
  if (labelColumn !== undefined) return columnNamed(table, labelColumn, 'labelColumn');
  return suggestedLabel(table, table.columns.map(columnType), 'classification');
}

/**
 * The labeled images of a table, all rows of it. Classes are matched by name, or by number.
 * @throws HandgradError 'data' when it does not fit the model, or a row has no label; 'usage' for a label that is not
 *   known
 */
export async function imagesOfTable(
  made: ImageModelConfig,
  spec: string,
  how: PixelColumns & Pick<ColumnChoice, 'missingLabels'>,
  options: OpenOptions & UnknownOptions,
): Promise<Dataset> {
  const { table, pixels: columns, label } = await readPixels(made, spec, how, options);
  const { classNames, imageShape } = made;
  if (label === undefined) {
    throw new HandgradError('data', `${table.path} has no column of labels to compare with; add it.`);
  }
  const named = foundClasses(table, label, classNames);
  const { texts } = named;
  const isNumbered = named.labels.every((one) => one < 0) && texts.texts.every((text) => /^\d+(\.0*)?$/.test(text));
  const numbers = texts.texts.map((text) => (Number(text) < classNames.length ? Number(text) : -1));
  const labels = isNumbered ? texts.codes.map((code) => numbers[code]!) : named.labels;
  const labeled = labeledRows(table, [label], how.missingLabels);
  if (labeled.note !== undefined) options.onEvent?.({ type: 'notice', message: labeled.note });
  const rows = knownRows({ ...named, labels }, labeled.rows, options);
  const test = {
    ...pixels(columns, rows),
    ...{ labels: rows.map((row) => labels[row]!), count: rows.length, numInputs: columns.length },
  };
  return {
    name: table.name,
    train: { ...test, features: new Uint8Array(0), labels: new Int32Array(0), count: 0 },
    test,
    ...{ numInputs: columns.length, numOutputs: classNames.length, classNames, imageShape, digest: table.digest },
  };
}
