import fashionMnist from '../../datasets/fashion-mnist.json';
import kmnist from '../../datasets/kmnist.json';
import mnist from '../../datasets/mnist.json';

/** One of the four files of a data set: its name, its sizes in bytes and its digests. */
export interface DataFile {
  /** The name without `.gz`. */
  readonly name: string;
  /** Size decompressed, in bytes. */
  readonly bytes: number;
  /** Of the decompressed bytes. If none is published, the file is kept and checked compressed. */
  readonly sha256?: string;
  /** The compressed file as its authors publish it. */
  readonly gz: { readonly bytes: number; readonly md5: string; readonly sha256?: string };
}

/** A source of a data set. */
export type Source =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'apt'; readonly package: string; readonly folder: string }
  | { readonly kind: 'npm'; readonly package: string; readonly version: string; readonly folder: string }
  | { readonly kind: 'folder'; readonly path: string };

/** A data set of the catalog: its files, where they are published, its classes, license and citation. */
export interface DatasetEntry {
  readonly name: string;
  readonly title: string;
  readonly imageShape: readonly [height: number, width: number];
  readonly classNames: readonly string[];
  readonly license: string;
  readonly citation: string;
  readonly files: Readonly<Record<'trainImages' | 'trainLabels' | 'testImages' | 'testLabels', DataFile>>;
  /** In the order of preference. */
  readonly sources: readonly Source[];
}

/** Which of the four files: images or labels, of the training or the test set. */
export type Role = keyof DatasetEntry['files'];

/** The fixed order of the four files, in which a data set's digest is computed. */
export const ROLES = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const satisfies readonly Role[];

/** A spec checks the files against the types, so no start of the program has to. */
const entryOf = (content: unknown) => content as DatasetEntry;

/** The data sets known by name, one JSON file each in `datasets/`. */
export const catalog = {
  'fashion-mnist': entryOf(fashionMnist),
  mnist: entryOf(mnist),
  kmnist: entryOf(kmnist),
} satisfies Record<string, DatasetEntry>;

/** The name of a data set of the catalog. */
export type DatasetName = keyof typeof catalog;

/** The names of the catalog, for choices and messages. */
export const datasetNames = Object.keys(catalog) as DatasetName[];

/** Whether `name` is a key of the catalog ("constructor" is not). */
export function isDatasetName(name: string): name is DatasetName {
  return Object.hasOwn(catalog, name);
}
