import { readFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { HandgradError } from '../../src/errors';
import { COMMAND_NAMES, type CommandName } from '../commandNames';
import { type ConfigKey, CONFIG_KEYS, keyNamed, keysLike } from '../../src/runs/config';
import { VARIABLES } from '../../src/runs/variables';
import { nearName, quoted } from '../../src/words';
import type { Command, Commands } from './command';
import { flagName, spelledFlag } from './flagNames';
import type { Args } from './flags';
import type { Io } from '../terminal/terminal';

const GLOBAL_FLAGS = ['help', 'version', 'debug'];
/** Stands for `--`, and ends the values of a flag that takes several. */
const END = 'end-of-flags';
/** What yargs puts beside the flags. */
const NOT_FLAGS = ['_', '$0', '--', END];

/** What yargs says of missing arguments: how many were given. */
const TOO_FEW = 'too few arguments: %s of %s';
const TOO_FEW_GIVEN = /^too few arguments: (\d+)/;

/** What users of other programs type: the flag that they mean. */
const USUAL_FLAGS: Readonly<Record<string, string>> = {
  ...{ 'output-dir': 'run-dir', 'out-dir': 'run-dir', 'save-dir': 'run-dir', 'log-dir': 'run-dir', output: 'out' },
  ...{ silent: 'quiet', overwrite: 'force', yes: 'force', verify: 'dry-run', 'num-workers': 'workers' },
};

/**
 * The command line as yargs sees it.
 * @param commands every command there is; only what argv names is loaded, for the program's own help all of them
 * @throws (parseAsync) Chosen with the command that argv names, HandgradError 'usage' for what cannot be understood
 */
export function createCli(commands: Commands, argv: readonly string[], io: Io): Argv {
  const cli = yargs()
    .scriptName('handgrad')
    .usage('$0: multilayer perceptrons on TensorFlow.js with every gradient written by hand\n\n$0 <command>')
    .locale('en')
    .exitProcess(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .updateStrings({
      'Not enough arguments following: %s': 'The flag --%s needs a value.',
      'Arguments %s and %s are mutually exclusive': 'The flags --%s and --%s exclude each other; leave one out.',
      // yargs chooses between the two by how many there were, which says nothing here.
      'Not enough non-option arguments: got %s, need at least %s': { one: TOO_FEW, other: TOO_FEW },
    } as unknown as Record<string, string>)
    .option('debug', { type: 'boolean', global: true, describe: 'show the stack trace of an error' })
    .option(END, { type: 'boolean', global: true, hidden: true })
    .example('handgrad train', 'train a network with one hidden layer on Fashion-MNIST')
    .epilogue(`${variableLines()}\n\nhandgrad <command> --help shows the flags of a command.`)
    .help('help', 'show this help')
    .version('version', 'show the version', version())
    .wrap(Math.min(100, io.stdout.columns ?? 100))
    .fail((message, error) => {
      // yargs' own errors are about what was typed; all others come from our code.
      if (error && error.name !== 'YError') throw error;
      // yargs puts a line of its own above what we say about a flag that is missing.
      const text = (message ?? error.message).replace(/^Missing required arguments?: .*\n(?=.)/, '');
      const [, given] = TOO_FEW_GIVEN.exec(text) ?? [];
      throw given === undefined ? new HandgradError('usage', text) : missing(named!, commands[named!](), Number(given));
    });
  const named = commandIn(argv);
  for (const name of named ? [named] : COMMAND_NAMES) addCommand(cli, name, commands, argv, io);
  // Before yargs' own checks: they stumble over a flag called --constructor.
  return cli.middleware(refuseUnknownCommand, true);
}

/** The command that argv names. */
const commandIn = (argv: readonly string[]) =>
  COMMAND_NAMES.find((name) => name === argv.find((argument) => !argument.startsWith('-')));

function missing(name: CommandName, command: Command, given: number): HandgradError {
  const [argument, help] = Object.entries(command.arguments)[given]!;
  return new HandgradError('usage', `${name} needs ${argument}: ${help}; see handgrad ${name} --help.`);
}

function addCommand(cli: Argv, name: CommandName, commands: Commands, argv: readonly string[], io: Io): void {
  const command = commands[name]();
  const usage = `${name} ${command.usage}`.trim();
  cli.command(
    usage,
    command.summary,
    (y) => {
      for (const [argument, help] of Object.entries(command.arguments)) y.positional(argument, { describe: help });
      y.options(command.options).middleware((args) => refuseUnknown(name, command, args, argv), true);
      for (const [line, does] of command.examples) y.example(`handgrad ${line}`, does);
      return y.usage(`handgrad ${usage}\n\n${command.summary}`).epilogue('');
    },
    (args) => {
      throw new Chosen(() => command.run(restored(args) as Args, io, commands));
    },
  );
}

/** Thrown to leave yargs with the command to run: after a handler returns, yargs renders the complete help in vain. */
export class Chosen extends Error {
  constructor(readonly run: () => Promise<void>) {
    super();
  }
}

/**
 * Marks an argument that yargs must not take for a flag, or drop: a single dash, and whatever follows `--`. No real
 * argument can contain NUL.
 */
const MARK = '\0';

/**
 * Prepares arguments for yargs: `help COMMAND` and `-h` are `--help`, which silences all the rest; flags have their
 * declared spelling; what begins with a dash and is no flag is marked.
 */
export function plainArguments(argv: readonly string[], commands: Commands): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const flags = argv.slice(0, end);
  const [first, ...others] = flags.filter((argument) => !argument.startsWith('-'));
  if (first === 'help' || flags.some((argument) => argument === '--help' || argument === '-h')) {
    const about = first === 'help' ? others[0] : first;
    const known = about === undefined || COMMAND_NAMES.some((name) => name === about);
    return [...(about === undefined ? [] : [about]), ...(known ? ['--help'] : [])];
  }
  const name = commandIn(flags);
  const options = name === undefined ? {} : commands[name]().options;
  return [
    ...flags.map((argument) => (argument === '-' ? MARK + argument : declaredFlag(spelledFlag(argument), options))),
    ...(end < argv.length ? [`--${END}`] : []),
    ...argv.slice(end + 1).map((argument) => MARK + argument),
  ];
}

/** A flag under its own name, if it was typed under that of another tool: `--learning-rate` is `--lr`. */
function declaredFlag(argument: string, options: Command['options']): string {
  const [, no, typed] = /^--(no-)?([\w-]+)/.exec(argument) ?? [];
  if (typed === undefined || Object.hasOwn(options, `${no ?? ''}${typed}`)) return argument;
  const key = keyNamed(typed);
  const own = key && `${no ?? ''}${flagName(key)}`;
  return own !== undefined && Object.hasOwn(options, own)
    ? argument.replace(`--${no ?? ''}${typed}`, `--${own}`)
    : argument;
}

function restored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(restored);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, restored(one)]));
  return typeof value === 'string' && value.startsWith(MARK) ? value.slice(MARK.length) : value;
}

function refuseUnknownCommand({ _: [name], ...args }: { _: (string | number)[] }): void {
  if (name !== undefined && !COMMAND_NAMES.some((known) => known === String(name))) {
    const near = nearName(String(name), COMMAND_NAMES);
    const hint = near === undefined ? '; handgrad --help lists the commands.' : `; did you mean ${near}?`;
    throw new HandgradError('usage', `There is no command ${quoted(name)}${hint}`);
  }
  if (name !== undefined) return;
  refuseUnknownFlag(args, GLOBAL_FLAGS, 'handgrad');
}

function refuseUnknown(
  name: string,
  command: Command,
  args: { _: (string | number)[] },
  argv: readonly string[],
): void {
  const known = [...Object.keys(command.options), ...GLOBAL_FLAGS];
  const listed = known.filter((flag) => !command.options[flag]?.hidden);
  refuseUnknownFlag(args, [...known, ...Object.keys(command.arguments)], name, { flags: listed, argv });
  const extra = restored(args._[1]) as string | undefined;
  const { DATASET: named, dataset } = restored(args) as { DATASET?: string; dataset?: unknown };
  // The second element of a list stands where a data set may, unless it cannot be one.
  const isStray = named !== undefined && (NUMBER.test(named) || dataset !== undefined);
  const stray = isStray && spacedList(named, command, argv) !== undefined ? named : extra;
  if (stray === undefined) return;
  const meant = spacedList(stray, command, argv);
  throw new HandgradError(
    'usage',
    meant === undefined
      ? `${name} does not know what to do with ${quoted(stray)}; see handgrad ${name} --help.`
      : `A list is written with commas: ${meant}.`,
  );
}

/** Numbers as they are in lists. */
const NUMBER = /^[\d.,]+$/;

/** `--hidden 128,64` if `--hidden 128 64` was typed: the extra argument continues the value of a list. */
function spacedList(extra: string, { kinds }: Command, argv: readonly string[]): string | undefined {
  const at = argv.indexOf(extra);
  const flag = argv.slice(0, at).findLastIndex((argument) => argument.startsWith('-'));
  const [name, ...first] = spelledFlag(argv[flag] ?? '').split('=');
  const kind = kinds[name!.replace(/^--/, '')];
  if (!kind?.each || flag === -1) return undefined;
  const isAfter = (argument: string) => argument.startsWith('-') || (NUMBER.test(extra) && !NUMBER.test(argument));
  const end = argv.findIndex((argument, i) => i > flag && isAfter(argument));
  const parts = [...first, ...argv.slice(flag + 1, end === -1 ? undefined : end)].flatMap((part) => part.split(','));
  const typed = parts.map((part) => part.trim()).filter((part) => part !== '');
  return kind.accepts(kind.read!(typed.join())) ? `${name} ${typed.join()}` : undefined;
}

function refuseUnknownFlag(
  args: object,
  allowed: readonly string[],
  name: string,
  { flags = allowed, argv = [] }: { readonly flags?: readonly string[]; readonly argv?: readonly string[] } = {},
): void {
  const unknown = Object.keys(args).find((key) => !NOT_FLAGS.includes(key) && !allowed.includes(key));
  if (unknown === undefined) return;
  const dashes = unknown.length === 1 ? '-' : '--';
  const value = dashes === '-' ? dashedValue(unknown, argv, flags) : undefined;
  if (value !== undefined) {
    const [flag, typed] = value;
    const way = `a value that begins with a dash is written ${flag}=${typed}`;
    throw new HandgradError('usage', `${name} has no flag ${typed}; ${way}.`);
  }
  throw new HandgradError('usage', `${name} has no flag ${dashes}${unknown}${flagHint(unknown, flags)}`);
}

/** `--run-dir` and `-out` if `--run-dir -out` was typed: yargs takes the value for a group of short flags. */
function dashedValue(letter: string, argv: readonly string[], flags: readonly string[]): [string, string] | undefined {
  const at = argv.findIndex((argument, i) => i > 0 && argument.length > 2 && argument.startsWith(`-${letter}`));
  const before = argv[at - 1] ?? '';
  return flags.some((flag) => spelledFlag(before) === `--${flag}`) ? [before, argv[at]!] : undefined;
}

/** What the user may have meant: what other programs call so, a related setting, or a flag with a similar name. */
function flagHint(unknown: string, flags: readonly string[]): string {
  const usual = USUAL_FLAGS[unknown];
  if (usual !== undefined && flags.includes(usual)) return `; did you mean --${usual}?`;
  const shown = (key: ConfigKey) => flags.find((flag) => flag.replace(/^no-/, '') === flagName(key));
  const near = nearName(unknown, flags);
  const like = near === undefined ? keysLike(unknown, CONFIG_KEYS.filter(shown)).map(shown) : [near];
  return like.length > 0 ? `; did you mean ${like.map((flag) => `--${flag}`).join(' or ')}?` : '.';
}

/** The environment variables, for the program's own help. */
function variableLines(): string {
  const width = Math.max(...Object.keys(VARIABLES).map(({ length }) => length));
  const lines = Object.entries(VARIABLES).map(([name, gives]) => `  ${name.padEnd(width)}  ${gives}`);
  return ['Environment variables:', ...lines].join('\n');
}

function version(): string {
  // Resolved by name, because its relative path differs once compiled.
  return (JSON.parse(readFileSync(require.resolve('handgrad/package.json'), 'utf8')) as { version: string }).version;
}
