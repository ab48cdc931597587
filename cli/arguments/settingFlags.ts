import type { Options } from 'yargs';
import { readConfigFile } from '../../src/files/configFile';
import {
  CONFIG_KEYS,
  defaultText,
  type ConfigKey,
  environmentSettings,
  type SettingsLayer,
  resolveConfig,
  type Resolved,
  type Setting,
  settings,
} from '../../src/runs/config';
import { type Args, once } from './flags';
import { flagName, withFlags } from './flagNames';

/** A flag for a setting. */
interface SettingFlag {
  readonly name: string;
  readonly key: ConfigKey;
  /** Parses the flag; validation is left to the setting. */
  readonly valueOf: (text: string) => unknown;
  readonly options: Options;
}

/**
 * The flags of a setting. A boolean has two, of which help lists the one that changes the default. Names from earlier
 * versions are accepted, but not listed.
 * @param ofModel whether what is not given is that of a model
 */
function flagsOf(key: ConfigKey, ofModel = false): SettingFlag[] {
  const { kind, group, default: standard, formerly = [] } = settings[key];
  const name = flagName(key);
  const names = [name, ...formerly.map(flagName)];
  const shown = { group: `${group}:`, describe: helpOf(settings[key]) };
  const { read } = kind;
  if (read) {
    const text = ofModel && settings[key].affects === 'samples' ? 'that of the model' : defaultText(settings[key]);
    const options = { requiresArg: true, nargs: 1, ...shown, ...(text !== '' && { defaultDescription: text }) };
    return names.map((one) => ({
      ...{ name: one, key, valueOf: read },
      options: one === name ? options : { ...options, hidden: true, conflicts: name },
    }));
  }
  const listed = standard === true ? `no-${name}` : name;
  const all = names.flatMap((one) => [one, `no-${one}`]);
  return all.map((one, i) => ({
    ...{ name: one, key, valueOf: () => i % 2 === 0 },
    options: { type: 'boolean', conflicts: all.filter((other) => other !== one), hidden: one !== listed, ...shown },
  }));
}

/** `momentum, nesterov: the decay of the velocity`, `the update rule: sgd|momentum|…` */
function helpOf({ help, off, kind, needs, tables, task, backends }: Setting): string {
  const only = backends ?? needs?.values ?? (tables ? ['tables'] : task === 'regression' ? [task] : []);
  const names = kind.names && !kind.each ? `: ${kind.names.join('|')}` : '';
  return withFlags(`${only.length > 0 ? `${only.join(', ')}: ` : ''}${off ?? help}${names}`, CONFIG_KEYS);
}

/**
 * The flags of settings for yargs, by name. yargs gets no types, because values are parsed here, strictly.
 * @param ofModel whether the settings of the data that are not given are those of a model
 */
export function settingOptions(keys: readonly ConfigKey[], ofModel = false): Record<string, Options> {
  return Object.fromEntries(keys.flatMap((key) => flagsOf(key, ofModel)).map(({ name, options }) => [name, options]));
}

/**
 * Resolves flags to a config. Flags override files, later files override earlier ones, and files override the
 * environment, which overrides the defaults.
 * @param keys the settings that the command accepts
 * @param files the paths of config files
 * @throws HandgradError 'usage' naming the flag, key or variable and what it takes
 */
export async function readSettings(
  keys: readonly ConfigKey[],
  args: Args,
  files: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Resolved> {
  const layers: SettingsLayer[] = [environmentSettings(env, keys)];
  for (const file of files) layers.push({ values: await readConfigFile(file), from: { file } });
  const given = keys
    .flatMap((key) => flagsOf(key))
    .flatMap(({ name, key, valueOf }) => {
      const text = once(args[name], name);
      return text === undefined || text === false ? [] : [[key, valueOf(text as string)] as const];
    });
  return resolveConfig([...layers, { values: Object.fromEntries(given), from: 'options' }]);
}
