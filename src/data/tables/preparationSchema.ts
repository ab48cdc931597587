import { z } from 'zod';
import type { Preparation } from '../samples';
import { dateFormats } from './dates';

const name = z.string().max(4096);
const finite = z.number();
const std = finite.positive();

const column = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('number'),
    ...{ name, median: finite, mean: finite, std, indicator: z.boolean() },
  }),
  z.strictObject({
    type: z.literal('date'),
    format: z.enum(dateFormats),
    ...{ name, median: finite, mean: finite, std, indicator: z.boolean() },
  }),
  z.strictObject({
    type: z.literal('category'),
    name,
    categories: z.array(name).max(65_536),
    ...{ rare: z.boolean(), missing: z.boolean() },
  }),
]);

const target = z.strictObject({ name, mean: finite, std });
const distinct = (names: readonly string[]) => new Set(names).size === names.length;

/** A preparation as a model file has it; a file of another author may hold anything. */
export const preparationSchema = z
  .strictObject({
    task: z.enum(['classification', 'regression']),
    inputs: z.array(column).min(1).max(65_537),
    labels: z.array(name).min(1).max(65_537),
    targets: z.array(target).min(1).optional(),
    columnsWithoutHeader: z.int().positive().max(65_537).optional(),
  })
  .refine(({ inputs, labels }) => distinct([...inputs.map((input) => input.name), ...labels]), 'a column occurs twice')
  .refine(
    ({ task, labels, targets }) =>
      task === 'classification'
        ? targets === undefined && labels.length === 1
        : String(targets?.map((one) => one.name)) === String(labels),
    'its labels and targets do not fit its task',
  )
  .refine(
    ({ inputs }) => inputs.every((one) => one.type !== 'category' || distinct(one.categories)),
    'a category occurs twice',
  ) satisfies z.ZodType<Preparation>;
