import type { Options } from 'yargs';
import { HandgradError } from '../../src/errors';
import {
  CONFIG_KEYS,
  type ConfigKey,
  environmentSettings,
  type Layer,
  resolveConfig,
  type Resolved,
  type Setting,
  settings,
} from '../../src/runs/config';
import { readConfigFile } from '../../src/files/configFile';
import { quoted } from '../../src/words';
import { flagName, withFlags } from './flagNames';

/** Flags as yargs parsed them: every value is text, true, or a list where a flag was repeated. */
export type Args = Readonly<Record<string, unknown>>;

/** How a setting is given on the command line. */
interface SettingFlag {
  readonly key: ConfigKey;
  /** The value that the flag's text means, or the flag itself. */
  readonly valueOf: (text: string) => unknown;
  readonly options: Options;
}

/**
 * The flags of a setting, by name. One that is on or off has two, of which help lists the one that changes something; what
 * it was called in earlier versions is read as well.
 */
function flagsOf(key: ConfigKey): [name: string, flag: SettingFlag][] {
  const { kind, group, default: standard, formerly = [] } = settings[key];
  const names = [key, ...formerly].map(flagName);
  const name = flagName(key);
  const shown = { group: `${group}:`, describe: helpOf(settings[key]) };
  if (kind.read) {
    const options = { requiresArg: true, nargs: 1, ...shown, ...defaultOf(standard) };
    return names.map((one) => [
      one,
      { key, valueOf: kind.read!, options: one === name ? options : { ...options, hidden: true, conflicts: name } },
    ]);
  }
  const listed = standard === true ? `no-${name}` : name;
  return names.flatMap((one) =>
    ([true, false] as const).map((value): [string, SettingFlag] => {
      const flag = value ? one : `no-${one}`;
      const conflicts = names.flatMap((other) => [other, `no-${other}`]).filter((other) => other !== flag);
      return [
        flag,
        { key, valueOf: () => value, options: { type: 'boolean', conflicts, ...shown, hidden: flag !== listed } },
      ];
    }),
  );
}

function defaultOf(standard: unknown): Options {
  const shown = [standard].flat().join();
  return shown === '' ? {} : { defaultDescription: shown };
}

/** `momentum, nesterov: the decay of the velocity`, `the update rule: sgd|momentum|…` */
function helpOf({ help, off, kind, needs, tables, backends }: Setting): string {
  const only = backends ?? needs?.values ?? (tables ? ['CSV'] : []);
  const names = kind.names && !kind.each ? `: ${kind.names.join('|')}` : '';
  return withFlags(`${only.length > 0 ? `${only.join(', ')}: ` : ''}${off ?? help}${names}`);
}

/** Settings as flags for yargs. Their type is left open: the text is read here, strictly. */
export function settingOptions(keys: readonly ConfigKey[]): Record<string, Options> {
  return Object.fromEntries(keys.flatMap(flagsOf).map(([name, { options }]) => [name, options]));
}

/**
 * The one way from flags to a config. Flags win over the file of --config, that over HANDGRAD_BACKEND and
 * HANDGRAD_DATA_DIR, and those over the defaults.
 * @throws HandgradError 'usage' naming the flag, key or variable and what it takes
 */
export async function resolveArgs(args: Args, env: NodeJS.ProcessEnv): Promise<Resolved> {
  const path = args['config'] as string | undefined;
  const file: Layer[] = path === undefined ? [] : [{ values: await readConfigFile(path), from: { file: path } }];
  const entries = CONFIG_KEYS.flatMap(flagsOf).flatMap(([name, { key, valueOf }]) => {
    const text = args[name];
    return text === undefined || text === false ? [] : [[key, valueOf(text as string)] as const];
  });
  return resolveConfig([environmentSettings(env), ...file, { values: Object.fromEntries(entries), from: 'options' }]);
}

/** The whole number that a flag has. @throws HandgradError 'usage' with the range */
export function wholeNumberFlag(args: Args, flag: string, min: number, max: number): number | undefined {
  const text = args[flag] as string | undefined;
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new HandgradError('usage', `--${flag} must be a whole number from ${min} to ${max}, not ${quoted(text)}.`);
}
