import type { Options } from 'yargs';
import { datasetNames } from '../../src/data/catalog';
import { HandgradError } from '../../src/errors';
import { type Kind, text } from '../../src/kinds';
import {
  type Config,
  type ConfigKey,
  keysAffecting,
  pick,
  type Resolved,
  type Settings,
  settings as settingsOfRuns,
} from '../../src/runs/config';
import { quoted } from '../../src/words';
import type { CommandName } from '../commandNames';
import { createTerminal, type Io, type Terminal } from '../terminal/terminal';
import {
  type Args,
  argument,
  type Argument,
  type Flag,
  once,
  optionalArgument,
  PATH,
  RUN,
  severalFlag,
  toggle,
  type Values,
} from './flags';
import { flagName, withFlags } from './flagNames';
import { readSettings, settingOptions } from './settingFlags';

/**
 * Declares a command: everything for help, parsing and running. Its file loads the library when it runs, not before.
 */
interface Declaration<Flags, Arguments> {
  /** What it does, in one line. */
  readonly summary: string;
  /** Positional arguments, in this order. */
  readonly arguments?: Arguments;
  /** The settings that it accepts as flags. */
  readonly settings?: readonly ConfigKey[];
  /** Whether it has --config. */
  readonly configFile?: boolean;
  readonly flags: Flags;
  /** Pairs of a command line without the program's name, and what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /**
   * @param values of flags and arguments
   * @throws HandgradError, whose kind determines the exit code, or the Interruption in `signal`
   */
  run(values: Values<Flags> & Values<Arguments>, context: Context): Promise<void>;
}

/** What a command gets beside its own flags. */
export interface Context {
  /** The config resolved from flags, files and the environment. */
  readonly config: Config;
  /** The settings given by flags and files, for functions that resolve them. */
  readonly settings: Settings;
  /** Where flags, files and the environment gave them. */
  readonly origins: Resolved['origins'];
  readonly terminal: Terminal;
  /** Aborted with an Interruption when the program should stop. */
  readonly signal: AbortSignal;
  readonly io: Io;
  /** All commands. */
  readonly commands: Commands;
}

/** Every command, loaded on first use. */
export type Commands = Readonly<Record<CommandName, () => Command>>;

/** A command, ready for yargs. */
export interface Command extends Pick<Declaration<unknown, unknown>, 'summary' | 'examples'> {
  /** Its arguments, as in its usage line. */
  readonly usage: string;
  readonly options: Readonly<Record<string, Options>>;
  /** What the values of its flags and arguments must be, by name. */
  readonly kinds: Readonly<Record<string, Kind<unknown> | undefined>>;
  readonly argumentKinds: Readonly<Record<string, Kind<unknown>>>;
  /** The help of its arguments, by their names in the usage line. */
  readonly arguments: Readonly<Record<string, string>>;
  /** @param args as parsed, none unknown */
  run(args: Args, io: Io, commands: Commands): Promise<void>;
}

/** Flags that several commands have. */
export const OUTPUT = {
  json: toggle({ group: 'Output', help: 'print JSON instead of text' }),
  quiet: toggle({ group: 'Output', help: 'print results only: no notices, warnings or progress bars' }),
};

/** A trained network, and the settings of the commands that use one. */
export const MODEL = argument(RUN, 'a run folder or a .safetensors file');
/** For a run folder without a manifest, or one that has changed. */
export const NO_VERIFY = toggle({ help: 'use the model of a run even if it differs from the manifest' });
export const MODEL_SETTINGS: readonly ConfigKey[] = keysAffecting('fetching', 'samples', 'backend');

/** The data set of a command that also takes it as the setting `dataset`. */
export const DATASET = optionalArgument(
  { ...text(settingsOfRuns.dataset.kind.rule), names: datasetNames },
  'the data set, as --dataset: a NAME, a DIR of IDX files, a table such as FILE.csv, or - for a table on stdin',
);

const CONFIG = severalFlag(PATH, {
  group: 'Output',
  help: 'read settings from FILE.yaml or FILE.json; of several, later ones win over earlier ones, and flags over all',
});

/** What follows a flag: nothing for a boolean, which has no text. */
const valueKind = (kind: Kind<unknown>) => (kind.read ? kind : undefined);

/**
 * Arguments with the data set as a flag, where it was given as an argument.
 * @throws HandgradError 'usage' when both are given and differ, or the argument is rather a config file
 */
function withDataset(args: Args, takesConfig: boolean): Args {
  const named = args['DATASET'] as string | undefined;
  if (named === undefined) return args;
  if (takesConfig && /\.(ya?ml|json)$/i.test(named)) {
    throw new HandgradError('usage', `${quoted(named)} is not a data set; if it is a config, use --config ${named}.`);
  }
  const flagged = once(args['dataset'], 'dataset') ?? named;
  if (flagged === named) return { ...args, dataset: named };
  throw new HandgradError(
    'usage',
    `There are two data sets, ${quoted(named)} and --dataset ${quoted(flagged)}; leave one out.`,
  );
}

/** Declares a command. The types of its flags and arguments determine the types of the values that it runs with. */
export function defineCommand<
  Flags extends Readonly<Record<string, Flag<unknown>>>,
  Arguments extends Readonly<Record<string, Argument<unknown>>> = Record<never, never>,
>(declared: Declaration<Flags, Arguments>): Command {
  const { summary, examples, settings = [], configFile = false } = declared;
  const flags = Object.entries<Flag<unknown>>(declared.flags);
  const positionals = Object.entries<Argument<unknown>>(declared.arguments ?? {});
  return {
    summary,
    examples,
    usage: positionals.map(([name, { usage }]) => usage(name.toUpperCase())).join(' '),
    // A getter, because only the requested command needs them.
    get options() {
      return {
        ...settingOptions(settings, settings === MODEL_SETTINGS),
        ...(configFile && { config: CONFIG.options }),
        ...Object.fromEntries(flags.map(([name, { options }]) => [flagName(name), options])),
      };
    },
    kinds: Object.fromEntries([
      ...settings.map(
        (key) => [flagName(key), key === 'initFrom' ? RUN : valueKind(settingsOfRuns[key].kind)] as const,
      ),
      ...(configFile ? [['config', PATH] as const] : []),
      ...flags.map(([name, { kind }]) => [flagName(name), kind] as const),
    ]),
    argumentKinds: Object.fromEntries(positionals.map(([name, { kind }]) => [name.toUpperCase(), kind])),
    arguments: Object.fromEntries(positionals.map(([name, { help }]) => [name.toUpperCase(), help])),
    async run(args, io, commands) {
      // The library's messages name settings and options; show them as flags.
      const words = (text: string) => withFlags(text, [...settings, ...Object.keys(declared.flags)]);
      try {
        const values = Object.fromEntries([
          ...flags.map(([name, { read }]) => [name, read(args[flagName(name)], flagName(name))]),
          ...positionals.map(([name, { read }]) => [name, read(args[name.toUpperCase()], name.toUpperCase())]),
        ]) as Values<Flags> & Values<Arguments> & { readonly quiet?: boolean };
        const files = configFile ? (CONFIG.read(args['config'], 'config') ?? []) : [];
        const chosen = settings.includes('dataset') ? withDataset(args, configFile) : args;
        const { config, given, origins } = await readSettings(settings, chosen, files, io.env);
        const terminal = createTerminal(io, { quiet: values.quiet, words });
        await declared.run(values, {
          config,
          settings: pick(config, [...given]),
          origins,
          terminal,
          signal: io.signal,
          io,
          commands,
        });
      } catch (error) {
        if (error instanceof HandgradError) error.message = words(error.message);
        throw error;
      }
    },
  };
}
