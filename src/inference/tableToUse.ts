import type { Dataset, Preparation, Samples, Target } from '../data/samples';
import { asNumbers, asTexts } from '../data/tables/columnTypes';
import { classesOf, labeledRows } from '../data/tables/label';
import { columnsNamed } from '../data/tables/pickColumns';
import { prepareRows } from '../data/tables/preparation';
import { readTable, type ReadTableOptions } from '../data/tables/readTable';
import { openTableSource } from '../data/tables/source';
import { assertUsable, type Table } from '../data/tables/table';
import { standardized } from '../data/tables/tableDataset';
import { tableParts } from '../data/tables/tableParts';
import { typeTable } from '../data/tables/typedTable';
import { HandgradError } from '../errors';
import type { Config } from '../runs/config';
import type { OpenOptions } from '../runs/events';
import type { ModelConfig, OpenedModel } from '../runs/modelConfig';
import { readingOptions } from '../runs/open';
import { firstOf, plural, quoted } from '../words';
import { unseenNotices } from './predictRows';

/** The config of a model that was trained on a table. */
export type TableModelConfig = ModelConfig & { readonly preparation: Preparation };

/** Reads a table for a model, which may need one column only. */
export async function readTableToUse(
  spec: string,
  how: Pick<ReadTableOptions, 'texts' | 'hasHeader'>,
  options: OpenOptions,
): Promise<Table> {
  const { stdin, ...reading } = readingOptions(spec, options);
  return readTable(await openTableSource(spec, { stdin }), { ...how, ...reading, oneColumn: true });
}

/** Reads a table whose rows a model is to predict: its categories and labels as texts, whatever they look like. */
export async function readRows({ preparation }: TableModelConfig, spec: string, options: OpenOptions): Promise<Table> {
  const { inputs, labels, task, columnsWithoutHeader } = preparation;
  const texts = inputs.filter(({ type }) => type === 'category').map(({ name }) => name);
  const how = {
    texts: task === 'classification' ? [...texts, ...labels] : texts,
    hasHeader: columnsWithoutHeader === undefined,
  };
  return withTrainingNames(await readTableToUse(spec, how, options), preparation);
}

/** Columns without a header are known by position; a file without the labels has fewer. */
function withTrainingNames(table: Table, { columnsWithoutHeader, labels }: Preparation): Table {
  if (columnsWithoutHeader === undefined || table.columns.length === columnsWithoutHeader) return table;
  const all = Array.from({ length: columnsWithoutHeader }, (_, i) => `column ${i + 1}`);
  const names = all.filter((name) => !labels.includes(name));
  if (names.length !== table.columns.length) {
    const most = columnsWithoutHeader === names.length ? '' : `, or ${names.length} without labels`;
    throw new HandgradError(
      'data',
      `${table.path} has ${plural(table.columns.length, 'column')}, and the model was trained with ` +
        `${columnsWithoutHeader} without a header${most}; give the same columns.`,
    );
  }
  return { ...table, columns: table.columns.map((column, i) => ({ ...column, name: names[i]! })) };
}

/** What to do about classes that a model does not know. */
export interface UnknownOptions {
  /** Of a table: leaves out rows of classes that the model does not know; they are refused otherwise. */
  readonly skipUnknownClasses?: boolean;
}

/**
 * The labeled rows of a table, for a model that was trained on one: the test part of the file that it was trained on,
 * all rows of any other. Columns and classes are matched by name.
 * @param isAsked whether the file was asked for; without that, it has to be the one of the training
 * @throws HandgradError 'data' when it does not fit the model
 */
export async function tableToUse(
  model: OpenedModel & { readonly config: TableModelConfig },
  config: Config,
  isAsked: boolean,
  options: OpenOptions & UnknownOptions,
): Promise<Dataset> {
  const made = model.config;
  const { preparation } = made;
  const read = await readRows(made, config.dataset, options);
  const isTrained = read.digest === made.datasetDigest;
  if (!isTrained && !isAsked) {
    throw new HandgradError(
      'data',
      `${read.path} has changed since the training, so its test rows are no longer known; name a file with ` +
        '`dataset` to evaluate all of its rows.',
    );
  }
  if (!isTrained && read.name === made.datasetName) {
    const message = `${read.path} is called like the training data but differs: training rows may be among its rows.`;
    options.onEvent?.({ type: 'notice', message });
  }
  const labelColumns = columnsNamed(read, config.labelColumn ?? preparation.labels, 'labelColumn');
  for (const index of labelColumns) assertUsable(read.columns[index]!);
  const labeled = labeledRows(read, labelColumns, (isTrained ? made : config).missingLabels);
  if (labeled.note !== undefined) options.onEvent?.({ type: 'notice', message: labeled.note });
  const typed = isTrained ? typeTable(read, made) : undefined;
  const table = typed?.table ?? read;
  const rows = typed ? tableParts(typed, made).test : labeled.rows;
  const classes = preparation.targets ? undefined : foundClasses(table, labelColumns[0]!, made.classNames);
  const asked = classes ? knownRows(classes, rows, options) : rows;
  const { features, unseen } = prepareRows(preparation, table, asked);
  for (const message of unseenNotices(unseen, table.path)) options.onEvent?.({ type: 'notice', message });
  const test: Samples = {
    ...{ features, scale: 1, numInputs: features.length / asked.length, count: asked.length },
    labels: classes ? asked.map((row) => classes.labels[row]!) : new Int32Array(asked.length),
    ...(preparation.targets && { targets: targetsIn(table, labelColumns, preparation.targets, asked) }),
  };
  return {
    name: table.name,
    task: preparation.task,
    train: { ...test, features: new Float32Array(0), labels: new Int32Array(0), count: 0 },
    test,
    numInputs: test.numInputs,
    numOutputs: preparation.targets?.length ?? made.classNames.length,
    classNames: made.classNames,
    ...(preparation.targets && { targets: preparation.targets }),
    ...(made.imageShape && { imageShape: made.imageShape }),
    preparation,
    testRows: { table, rows: asked },
    digest: table.digest,
  };
}

/** @throws HandgradError 'data' for a row without a number */
function targetsIn(
  table: Table,
  labelColumns: readonly number[],
  targets: readonly Target[],
  rows: Int32Array,
): Float32Array {
  const columns = labelColumns.map((index) => {
    const { name } = table.columns[index]!;
    const column = asNumbers(table.columns[index]!);
    const bad = column ? rows.find((row) => Number.isNaN(column.values[row]!)) : 0;
    if (column && bad === undefined) return column;
    throw new HandgradError(
      'data',
      `${table.path}, line ${table.lineOf(bad ?? 0)}: column ${quoted(name)} holds no number to compare with; ` +
        'correct the file, or leave the row out.',
    );
  });
  return standardized(columns, targets, rows);
}

/** The label column of a table, and the class of each row: -1 for one that the model does not know. */
export interface FoundClasses {
  readonly table: Table;
  readonly texts: ReturnType<typeof asTexts>;
  readonly labels: Int32Array;
}

/** The classes of a label column, by name. */
export function foundClasses(table: Table, label: number, classNames: readonly string[]): FoundClasses {
  const texts = asTexts(table.columns[label]!);
  return { table, texts, labels: classesOf(texts, classNames).labels };
}

/**
 * The rows of classes that the model knows.
 * @throws HandgradError 'data' for other classes, unless they are skipped
 */
export function knownRows(
  { table, texts, labels }: FoundClasses,
  rows: Int32Array,
  { skipUnknownClasses = false, onEvent }: OpenOptions & UnknownOptions,
): Int32Array {
  const unknown = rows.filter((row) => labels[row]! < 0);
  if (unknown.length > 0) {
    const names = [...new Set(unknown.map((row) => texts.codes[row]!))].map((code) => texts.texts[code]!);
    const what =
      `${plural(unknown.length, 'row')} of ${table.path} ${unknown.length === 1 ? 'has' : 'have'} a class ` +
      `that the model does not know: ${firstOf(names.map(quoted), 5)} (line ${table.lineOf(unknown[0]!)})`;
    if (!skipUnknownClasses) {
      throw new HandgradError('data', `${what}; correct the labels, or leave them out with \`skipUnknownClasses\`.`);
    }
    onEvent?.({ type: 'notice', message: `${what}; they are left out.` });
  }
  const known = rows.filter((row) => labels[row]! >= 0);
  if (known.length === 0) throw new HandgradError('data', `${table.path} has no row of a class that the model knows.`);
  return known;
}
