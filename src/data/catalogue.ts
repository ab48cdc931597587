import { z } from 'zod';
import fashionMnist from '../../datasets/fashion-mnist.json';
import kmnist from '../../datasets/kmnist.json';
import mnist from '../../datasets/mnist.json';

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const size = z.int().positive();

const dataFile = z.strictObject({
  /** The name without `.gz`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  /** Size decompressed, in bytes. */
  bytes: size,
  /** Of the decompressed bytes. Where nobody has published it, the file is kept compressed and checked as it came. */
  sha256: hex(64).optional(),
  /** The compressed file as its authors publish it. */
  gz: z.strictObject({ bytes: size, md5: hex(32), sha256: hex(64).optional() }),
});

const source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('http'), url: z.url({ protocol: /^https?$/ }).endsWith('/') }),
  z.strictObject({ kind: z.literal('apt'), package: z.string(), folder: z.string() }),
  z.strictObject({ kind: z.literal('npm'), package: z.string(), version: z.string(), folder: z.string() }),
  z.strictObject({ kind: z.literal('folder'), path: z.string() }),
]);

const datasetEntry = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  imageShape: z.tuple([size, size]),
  classNames: z.array(z.string()).min(2),
  licence: z.string(),
  citation: z.string(),
  files: z.strictObject({ trainImages: dataFile, trainLabels: dataFile, testImages: dataFile, testLabels: dataFile }),
  /** In the order in which they are tried. */
  sources: z.array(source).min(1),
});

/** One of the four files of a data set: its name, its sizes in bytes and its digests. */
export type DataFile = z.infer<typeof dataFile>;
/** A place that a data set can be had from. */
export type Source = z.infer<typeof source>;
/** What is known of a data set: its files, where they are published, its classes, licence and citation. */
export type DatasetEntry = z.infer<typeof datasetEntry>;
/** Which of the four files: images or labels, of the training or the test set. */
export type Role = keyof DatasetEntry['files'];

/** The fixed order of the four files; a data set's digest is taken in it. */
export const ROLES = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const satisfies readonly Role[];

/** The data sets that are known by name, one JSON file each in `datasets/`. */
export const catalogue = {
  'fashion-mnist': datasetEntry.parse(fashionMnist),
  mnist: datasetEntry.parse(mnist),
  kmnist: datasetEntry.parse(kmnist),
} satisfies Record<string, DatasetEntry>;

export type DatasetName = keyof typeof catalogue;

/** The names of the catalogue, for choices and messages. */
export const datasetNames = Object.keys(catalogue) as DatasetName[];

/** Whether `name` is a key of the catalogue ("constructor" is not). */
export function isDatasetName(name: string): name is DatasetName {
  return Object.hasOwn(catalogue, name);
}
