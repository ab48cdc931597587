import { HandgradError } from '../errors';
import { type Fault, faultOf, type Kind, optional, withCommas } from '../kinds';
import { allAtOnce, nearName, quoted } from '../words';
import { type SettingDescription, SETTINGS } from './settings';
import { RELATED, SYNONYMS } from './synonyms';

type Table = typeof SETTINGS;
/** The name of a setting. */
export type ConfigKey = keyof Table;

type ValueOf<Entry> = Entry extends { readonly kind: Kind<infer Value> } ? Value : never;
type HasDefault = { readonly default: unknown } | { readonly defaultBy: unknown };
type KeyWithDefault = { [Key in ConfigKey]: Table[Key] extends HasDefault ? Key : never }[ConfigKey];

/** All settings of a run, resolved: the content of its `config.json`. */
export type Config = { readonly [Key in KeyWithDefault]: ValueOf<Table[Key]> } & {
  readonly [Key in Exclude<ConfigKey, KeyWithDefault>]?: ValueOf<Table[Key]>;
};

/** Some settings; the others have their defaults. */
export type Settings = { readonly [Key in ConfigKey]?: ValueOf<Table[Key]> };

/** The settings that affect something. */
export type KeyAffecting<What extends SettingDescription['affects']> = {
  [Key in ConfigKey]: Table[Key]['affects'] extends What ? Key : never;
}[ConfigKey];

/** The settings that model files record. */
export type RecordedKey = {
  [Key in ConfigKey]: Table[Key] extends { readonly inModel: false } ? never : Key;
}[ConfigKey];

/** Any setting. */
export interface Setting extends SettingDescription {
  readonly kind: Kind<unknown>;
  readonly needs?: SettingDescription['needs'] & { readonly setting: ConfigKey };
  readonly defaultBy?: SettingDescription['defaultBy'] & { readonly setting: ConfigKey };
}

/** Every setting, by name. */
export const settings: Readonly<Record<ConfigKey, Setting>> = SETTINGS;

/** The names of all settings, in the order of a config. */
export const CONFIG_KEYS = Object.keys(SETTINGS) as readonly ConfigKey[];

/** The kind of each setting, which may be omitted. */
export const CONFIG_KINDS = Object.fromEntries(
  CONFIG_KEYS.map((key) => [key, optional(settings[key].kind)]),
) as Readonly<Record<ConfigKey, Kind<unknown>>>;

/** Picks some keys of a record, in the order of `keys`, so that its JSON does not depend on how it was built. */
export function pick<Values extends object, Key extends keyof Values>(
  values: Values,
  keys: readonly Key[],
): Pick<Values, Key> {
  const entries = keys.map((key) => [key, values[key]] as const).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Pick<Values, Key>;
}

/** The names of the settings that satisfy a condition. */
export function keysWhere(holds: (setting: Setting) => boolean): readonly ConfigKey[] {
  return CONFIG_KEYS.filter((key) => holds(settings[key]));
}

/** The settings that model files record. */
export const RECORDED_KEYS = keysWhere(({ inModel }) => inModel !== false) as readonly RecordedKey[];

/** The settings that affect any of these, such as those that a command needs. */
export function keysAffecting<What extends SettingDescription['affects']>(
  ...whats: readonly What[]
): readonly KeyAffecting<What>[] {
  return keysWhere(({ affects }) => whats.some((what) => what === affects)) as readonly KeyAffecting<What>[];
}

/** Normalizes a name: `batch-size`, `batch_size` and `batchSize` are the same. */
const plain = (name: string) => name.replace(/[-_]/g, '').toLowerCase();
const named = (namesOf: (key: ConfigKey) => readonly string[] | undefined) =>
  CONFIG_KEYS.flatMap((key) => (namesOf(key) ?? []).map((name) => [plain(name), key] as const));
// Our own names last, because the last one counts.
const BY_NAME = new Map([
  ...named((key) => SYNONYMS[key]),
  ...named((key) => settings[key].formerly),
  ...named((key) => [key]),
]);
const RELATED_TO = new Map(
  Object.entries(RELATED).map(([name, keys]) => [plain(name), keys.split(' ') as ConfigKey[]]),
);

/** The setting with a name, in any spelling, or as other tools call it; undefined when there is none. */
export function keyNamed(name: string): ConfigKey | undefined {
  return BY_NAME.get(plain(name));
}

/** The settings that an unknown name may mean, of those given: related ones, or the one with the nearest name. */
export function keysLike(name: string, keys: readonly ConfigKey[] = CONFIG_KEYS): readonly ConfigKey[] {
  const related = RELATED_TO.get(plain(name)) ?? [];
  const near = nearName(plain(name), [...BY_NAME.keys()]);
  const meant = related.length > 0 || near === undefined ? related : [BY_NAME.get(near)!];
  return meant.filter((key) => keys.includes(key));
}

/** The end of a sentence about an unknown name of a setting. */
export function settingHint(name: string): string {
  const keys = keysLike(name);
  return keys.length > 0 ? `; did you mean ${keys.join(' or ')}?` : '.';
}

/** Settings from one source. */
export interface SettingsLayer {
  /** Untrusted; anything but a mapping of settings is refused. */
  readonly values: unknown;
  /** The caller's options, environment variables, or a file. */
  readonly from: 'options' | 'environment' | { readonly file: string };
}

/** Where the value of a setting comes from: who gave it, or what it was adapted to. */
export type Origin = SettingsLayer['from'] | 'default' | 'table default' | 'data' | 'initial weights';

/** A config and its origins. */
export interface Resolved {
  readonly config: Config;
  /** The origin of each setting that has no ordinary default. */
  readonly origins: ReadonlyMap<ConfigKey, Origin>;
  /** The settings that were given explicitly. Others, also those from the environment, may be adjusted to the data. */
  readonly given: ReadonlySet<ConfigKey>;
}

/**
 * Resolves a config: settings from several sources, later ones first, then the defaults.
 * @throws HandgradError 'usage' naming every setting that cannot be used, where it was given and what it takes
 */
export function resolveConfig(layers: readonly SettingsLayer[]): Resolved {
  const merged: Partial<Record<ConfigKey, unknown>> = {};
  const origins = new Map<ConfigKey, SettingsLayer['from']>();
  const faults: string[] = [];
  for (const { values, from } of layers) {
    for (const [key, value] of settingsOf(values, from, faults)) {
      merged[key] = settings[key].kind.each ? listOf(settings[key].kind, value) : value;
      origins.set(key, from);
    }
  }
  for (const key of origins.keys()) {
    const fault = faultOf(CONFIG_KINDS[key], merged[key]);
    if (fault) faults.push(`${placeOf(key, origins.get(key)!)} must be ${ruleOf(key, fault)}`);
  }
  if (faults.length > 0) throw new HandgradError('usage', allAtOnce(faults, 'The settings have mistakes'));
  const given = new Set(CONFIG_KEYS.filter((key) => origins.has(key) && origins.get(key) !== 'environment'));
  return { config: withDefaults(merged), origins, given };
}

/** The settings that environment variables give. */
export function environmentSettings(
  env: Readonly<Record<string, string | undefined>>,
  keys = CONFIG_KEYS,
): SettingsLayer {
  const entries = keys.map((key) => [key, env[settings[key].variable ?? '']] as const);
  // An empty variable counts as unset.
  return { values: Object.fromEntries(entries.filter(([, value]) => value)), from: 'environment' };
}

/** A single element stands for a list of one, and text for what a flag would read. */
function listOf(kind: Kind<unknown>, value: unknown): unknown {
  if (typeof value === 'string') return kind.read!(value);
  return typeof value === 'number' ? [value] : value;
}

function ruleOf(key: ConfigKey, { rule, found }: Fault): string {
  const meant = withCommas(settings[key].kind, found);
  return `${rule}, not ${quoted(found)}${meant === undefined ? '.' : `; write ${meant}.`}`;
}

/**
 * The values of a source, with names resolved to settings.
 * @param faults gets a sentence for each name that is not one
 */
function settingsOf(
  values: SettingsLayer['values'],
  from: SettingsLayer['from'],
  faults: string[],
): [ConfigKey, unknown][] {
  const seen = new Map<ConfigKey, string>();
  const where = typeof from === 'object' ? ` in ${from.file}` : '';
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new HandgradError(
      'usage',
      `The settings${where} must be a mapping of names to values, not ${quoted(values)}.`,
    );
  }
  const given = Object.entries(values).filter(([, value]) => value !== undefined) as [string, unknown][];
  return given.flatMap(([name, value]): [ConfigKey, unknown][] => {
    const key = keyNamed(name);
    if (key === undefined) {
      const place = typeof from === 'object' ? ` (in ${from.file})` : '';
      faults.push(`There is no setting ${quoted(name)}${place}${settingHint(name)}`);
      return [];
    }
    if (seen.has(key)) {
      const [one, other] = [quoted(seen.get(key)), quoted(name)];
      faults.push(`${one} and ${other}${where} are the same setting; leave one out.`);
      return [];
    }
    seen.set(key, name);
    return [[key, value]];
  });
}

function placeOf(key: ConfigKey, from: SettingsLayer['from']): string {
  if (from === 'environment') return settings[key].variable!;
  return from === 'options' ? `\`${key}\`` : `${key} in ${from.file}`;
}

/** Adds the defaults to validated settings, in the order of the table. */
export function withDefaults(values: Readonly<Record<string, unknown>>): Config {
  const entries = CONFIG_KEYS.map((key) => [key, values[key] ?? defaultOf(settings[key], values)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as unknown as Config;
}

/** The default of a setting, in words; empty when it has none. */
export function defaultText({ default: standard, defaultBy, tableDefault }: Setting): string {
  const values = defaultBy && Object.entries(defaultBy.values).map(([name, value]) => `${name} ${String(value)}`);
  const text = values ? values.join(', ') : [standard].flat().join();
  return [text, tableDefault && `tables: ${tableDefault}`].filter(Boolean).join('; ');
}

/** The default of a setting beside other settings; undefined when it has none. */
function defaultOf({ default: standard, defaultBy }: Setting, values: Readonly<Record<string, unknown>>): unknown {
  return defaultBy?.values[String(values[defaultBy.setting] ?? settings[defaultBy.setting].default)] ?? standard;
}

/** The default config. */
export const DEFAULTS = withDefaults({});

/** Whether a config asks for cross-validation, and not for one of its folds. */
export function isCrossValidation({ folds, fold }: { readonly folds?: unknown; readonly fold?: unknown }): boolean {
  return folds !== undefined && fold === undefined;
}

/** The epoch after which a run ends. */
export function lastEpoch({ epochs, stopAfter }: Pick<Config, 'epochs' | 'stopAfter'>): number {
  return Math.min(epochs, stopAfter ?? epochs);
}
