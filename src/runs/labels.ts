import { faultOf } from '../kinds';
import { CONFIG_KINDS } from './config';
import type { RunData } from './readRun';

/** What people have said about a run. */
export interface Labels {
  /** Undefined if there is none: its folder names it. */
  readonly name: string | undefined;
  readonly tags: readonly string[];
  readonly note: string | undefined;
}

/** The labels in the config of a run. What is not valid is left out: the file may have another author. */
export function labelsOf(config: Readonly<Record<string, unknown>>): Labels {
  const valid = <Value>(key: keyof Labels) =>
    faultOf(CONFIG_KINDS[key], config[key]) ? undefined : ((config[key] as Value | undefined) ?? undefined);
  return {
    name: valid<string>('name') || undefined,
    tags: [...new Set(valid<readonly string[]>('tags') ?? [])].filter((tag) => tag !== ''),
    note: valid<string>('note') || undefined,
  };
}

/** What to call a run: its name, or its folder. */
export function titleOf({ config, name }: Pick<RunData, 'config' | 'name'>): string {
  return labelsOf(config).name ?? name;
}
