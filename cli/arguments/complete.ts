import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetNames } from '../../src/data/catalog';
import type { Kind } from '../../src/kinds';
import { COMMAND_NAMES } from '../commandNames';
import type { Command, Commands } from './command';
import { RUN } from './flags';
import { flagName } from './flagNames';

/** A word that completes the current one, and what it means. */
export interface Completion {
  readonly word: string;
  readonly about?: string;
}

/** Where runs and sweeps are by default, and the files by which they are known. */
const RUN_ROOT = 'runs';
const RUN_MARKS = ['config.json', 'journal.jsonl'];

/**
 * Completes a command line, for the scripts of `handgrad completion`.
 * @param words after the program's name; the last one is what the user is typing, perhaps empty
 * @returns nothing where a file is expected, which the shell itself completes
 */
export async function complete(words: readonly string[], commands: Commands): Promise<Completion[]> {
  const current = words.at(-1) ?? '';
  const done = words.slice(0, -1);
  const at = done.findIndex((word) => !word.startsWith('-'));
  const name = COMMAND_NAMES.find((one) => one === done[at]);
  if (name === undefined) {
    if (at !== -1) return [];
    const listed = COMMAND_NAMES.map((one) => ({ word: one, about: commands[one]().summary }));
    return matching([...listed, { word: 'help', about: 'show the help of a command' }], current);
  }
  const command = commands[name]();
  const before = done.slice(at + 1);
  const flag = before.at(-1)?.replace(/^--/, '');
  const kind = flag === undefined || flag === before.at(-1) ? undefined : command.kinds[flag];
  if (kind) return valuesOf(kind, current, flag === flagName('dataset') ? datasetNames : kind.names);
  if (current.startsWith('-')) {
    const flags = Object.entries(command.options).filter(
      ([one, { hidden }]) => !hidden && !before.includes(`--${one}`),
    );
    return matching(
      flags.map(([one, { describe }]) => ({ word: `--${one}`, about: describe })),
      current,
    );
  }
  const given = before.filter((word, i) => !word.startsWith('-') && !takesValue(before[i - 1], command));
  const positionals = Object.values(command.argumentKinds);
  const positional = positionals[given.length] ?? positionals.at(-1);
  return positional ? valuesOf(positional, current, positional.names) : [];
}

/** Whether a word is a flag whose value follows. */
function takesValue(word: string | undefined, { kinds }: Command): boolean {
  return word?.startsWith('--') === true && kinds[word.slice(2)] !== undefined;
}

async function valuesOf(
  kind: Kind<unknown>,
  current: string,
  names: readonly string[] | undefined,
): Promise<Completion[]> {
  if (kind === RUN) return (await runsLike(current)).map((word) => ({ word }));
  // In a list, the element after the last comma is completed.
  const head = kind.each ? current.slice(0, current.lastIndexOf(',') + 1) : '';
  return matching(
    (names ?? []).map((name) => ({ word: `${head}${name}`, about: kind.meanings?.[name] })),
    current,
  );
}

const matching = (all: readonly Completion[], current: string) => all.filter(({ word }) => word.startsWith(current));

/** The folders of runs and sweeps whose path begins like this, the newest name first. */
async function runsLike(current: string): Promise<string[]> {
  const names = await readdir(RUN_ROOT).catch(() => []);
  const paths = names.map((name) => `${RUN_ROOT}/${name}`).filter((path) => path.startsWith(current));
  const marked = await Promise.all(
    paths.map(async (path) => {
      const found = await Promise.all(RUN_MARKS.map((mark) => stat(join(path, mark)).catch(() => undefined)));
      return found.some(Boolean);
    }),
  );
  return paths.filter((_, i) => marked[i]).reverse();
}
