import { z } from 'zod';
import type { Value } from '../../spec/distributions';
import { type ConfigKey, settings } from '../../../runs/config';
import type { TrialRun } from '../../runTrials';
import { keyOf, readSetting } from '../../spec/settings';
import { METRICS } from '../../spec/sweepFile';

const natural = z.number().int().min(0).max(1_000_000);

/** Whatever a worker gets from a queue is checked as what a stranger sends. */
const payloadSchema = z.strictObject({
  version: z.literal(1),
  sweep: z.string().regex(/^[0-9a-f]{16}$/),
  trial: natural,
  seed: natural,
  rung: natural,
  seeds: natural.min(1),
  epochs: natural.min(1),
  metric: z.enum(METRICS),
  settings: z.record(
    z.string().max(64),
    z.union([
      z.string().max(4096),
      z.number(),
      z.boolean(),
      z.array(z.union([z.string().max(64), z.number()])).max(64),
    ]),
  ),
});

/** A trial on its way through a queue. */
export type Payload = Readonly<z.output<typeof payloadSchema>>;

/** What goes into the queue for a run. */
export function payloadOf(
  sweep: string,
  { trial, seed, rung, epochs, settings }: TrialRun,
  metric: string,
  seeds: number,
): Payload {
  return { version: 1, sweep, trial, seed, rung, seeds, epochs, metric, settings } as Payload;
}

/**
 * Why the settings of a sweep cannot go through a queue; undefined when they can. A data set goes by its name in the
 * catalog, or by a path within the folder that a worker offers.
 * @param known the names of the catalog
 */
export function unqueueableReason(key: string, value: unknown, known: readonly string[]): string | undefined {
  if (settings[key as ConfigKey]?.local)
    return `${key} names something on one machine, and trials of a queue train on any`;
  if (key !== 'dataset' || known.includes(value as string)) return undefined;
  return isPlainPath(value)
    ? undefined
    : 'dataset must be a name of the catalog, or a path within the folder that workers offer with --datasets';
}

/** Relative, downwards, and the same on every system. */
function isPlainPath(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^[\w.-]+(\/[\w.-]+)*$/.test(value) &&
    !value.split('/').some((part) => /^\.+$/.test(part))
  );
}

/**
 * Reads what came out of the queue of a sweep.
 * @returns the payload with checked settings, or why it is refused
 */
export function readPayload(
  data: unknown,
  sweep: string,
  known: readonly string[],
): Payload | { readonly refused: string } {
  const parsed = payloadSchema.safeParse(data);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    return { refused: `${path.map(String).join('.') || 'the payload'}: ${message}`.slice(0, 300) };
  }
  const payload = parsed.data;
  if (payload.sweep !== sweep) return { refused: 'it belongs to another sweep' };
  const checked: Record<string, Value> = {};
  for (const [name, value] of Object.entries(payload.settings)) {
    try {
      const key = keyOf(name, `settings.${name}`);
      if (key !== name) return { refused: `${name} is no setting` };
      const unfit = unqueueableReason(key, value, known);
      if (unfit) return { refused: unfit };
      checked[key] = readSetting(key, value, `settings.${name}`);
    } catch (error) {
      return { refused: (error as Error).message.slice(0, 300) };
    }
  }
  return { ...payload, settings: checked as Payload['settings'] };
}
