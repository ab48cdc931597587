import { z } from 'zod';
import type { Value } from '../../spec/distributions';
import { type ConfigKey, settings } from '../../../runs/config';
import type { TrialRun } from '../../runTrials';
import { keyOf, readSetting } from '../../spec/settings';
import { METRICS } from '../../spec/sweepFile';

const natural = z.number().int().min(0).max(1_000_000);

/** Payloads are untrusted: workers validate what they get from a queue. */
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

/** A run in a queue. */
export type Payload = Readonly<z.output<typeof payloadSchema>>;

/** The payload of a run. */
export function payloadOf(
  sweep: string,
  { trial, seed, rung, epochs, settings }: TrialRun,
  metric: string,
  seeds: number,
): Payload {
  return { version: 1, sweep, trial, seed, rung, seeds, epochs, metric, settings } as Payload;
}

/**
 * Why a setting cannot go through a queue; undefined when it can. A data set is given by its name in the catalog, or by
 * a path inside the folder that a worker offers.
 * @param known the names in the catalog
 */
export function unqueueableReason(key: string, value: unknown, known: readonly string[]): string | undefined {
  if (settings[key as ConfigKey]?.local) return `${key} refers to one machine, and the runs of a queue train on any`;
  if (key !== 'dataset' || known.includes(value as string)) return undefined;
  return isPlainPath(value)
    ? undefined
    : 'dataset must be a name in the catalog, or a path inside the folder that workers offer with --datasets';
}

/** A relative path without `.` or `..`, valid on every system. */
export function isPlainPath(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^[\w.-]+(\/[\w.-]+)*$/.test(value) &&
    !value.split('/').some((part) => /^\.+$/.test(part))
  );
}

/**
 * Validates data from the queue of a sweep.
 * @returns the payload with validated settings, or why it is refused
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
      if (key !== name) return { refused: `${name} is not a setting` };
      const reason = unqueueableReason(key, value, known);
      if (reason) return { refused: reason };
      checked[key] = readSetting(key, value, `settings.${name}`);
    } catch (error) {
      return { refused: (error as Error).message.slice(0, 300) };
    }
  }
  return { ...payload, settings: checked as Payload['settings'] };
}
