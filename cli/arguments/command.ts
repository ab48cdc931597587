import type { Options } from 'yargs';
import { HandgradError } from '../../src/errors';
import { type Config, type ConfigKey, keysAffecting, pick, type Settings } from '../../src/runs/config';
import { createTerminal, type Io, type Terminal } from '../terminal/terminal';
import { type Args, argument, type Argument, flag, type Flag, PATH, toggle, type Values } from './flags';
import { flagName, withFlags } from './flagNames';
import { readSettings, settingOptions } from './settingFlags';

/**
 * What a command is: all that help, parsing and running need. Its file loads what computes when it runs, not before.
 */
interface Declaration<Flags, Arguments> {
  /** What it does, in a line. */
  readonly summary: string;
  /** What stands without flags, in this order. */
  readonly arguments?: Arguments;
  /** The settings that it takes as flags. */
  readonly settings?: readonly ConfigKey[];
  /** Whether --config takes settings from a file. */
  readonly configFile?: boolean;
  readonly flags: Flags;
  /** Pairs of a command line without the program's name, and what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /**
   * @param values of flags and arguments
   * @throws HandgradError with the kind that becomes the exit code, or the Interruption in `signal`
   */
  run(values: Values<Flags> & Values<Arguments>, context: Context): Promise<void>;
}

/** What a command gets beside its own flags. */
export interface Context {
  /** The config that flags, files and the environment ask for. */
  readonly config: Config;
  /** The settings that flags and files give, for what resolves them itself. */
  readonly settings: Settings;
  readonly terminal: Terminal;
  /** Aborted with an Interruption when the program is to stop. */
  readonly signal: AbortSignal;
  readonly io: Io;
}

/** A command as yargs gets to know it. */
export interface Command extends Pick<Declaration<unknown, unknown>, 'summary' | 'examples'> {
  /** Its arguments, as its usage line has them. */
  readonly usage: string;
  readonly options: Readonly<Record<string, Options>>;
  /** The help of its arguments, by the name in the usage line. */
  readonly arguments: Readonly<Record<string, string>>;
  /** @param args as parsed, none unknown */
  run(args: Args, io: Io): Promise<void>;
}

/** Flags that several commands have. */
export const OUTPUT = {
  json: toggle({ group: 'Output', help: 'print JSON instead of text' }),
  quiet: toggle({ group: 'Output', help: 'print results and errors only' }),
};

/** A trained network, and the settings of the commands that use one. */
export const MODEL = argument(PATH, 'a run folder or a .safetensors file');
export const MODEL_SETTINGS = keysAffecting('fetching', 'samples', 'backend');

const CONFIG = flag(PATH, { group: 'Output', help: 'take settings from FILE.yaml or FILE.json; flags win' });

/** Declares a command; the types of what it runs with are those of its flags and arguments. */
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
    // Of the command that is asked for only: the help of the program lists many.
    get options() {
      return {
        ...settingOptions(settings),
        ...(configFile && { config: CONFIG.options }),
        ...Object.fromEntries(flags.map(([name, { options }]) => [flagName(name), options])),
      };
    },
    arguments: Object.fromEntries(positionals.map(([name, { help }]) => [name.toUpperCase(), help])),
    async run(args, io) {
      // Notices and errors of the library name settings and options: here they are flags.
      const words = (text: string) => withFlags(text, [...settings, ...Object.keys(declared.flags)]);
      try {
        const values = Object.fromEntries([
          ...flags.map(([name, { read }]) => [name, read(args[flagName(name)], flagName(name))]),
          ...positionals.map(([name, { read }]) => [name, read(args[name.toUpperCase()], name.toUpperCase())]),
        ]) as Values<Flags> & Values<Arguments> & { readonly quiet?: boolean };
        const file = configFile ? CONFIG.read(args['config'], 'config') : undefined;
        const { config, given } = await readSettings(settings, args, file === undefined ? [] : [file], io.env);
        const terminal = createTerminal(io, { quiet: values.quiet, words });
        await declared.run(values, { config, settings: pick(config, [...given]), terminal, signal: io.signal, io });
      } catch (error) {
        if (error instanceof HandgradError) error.message = words(error.message);
        throw error;
      }
    },
  };
}
