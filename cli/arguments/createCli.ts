import { readFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { HandgradError } from '../../src/errors';
import { COMMAND_NAMES, type CommandName } from '../commandNames';
import { didYouMean, quoted } from '../../src/words';
import type { Command } from './command';
import { spelledFlag } from './flagNames';
import type { Args } from './flags';
import type { Io } from '../terminal/terminal';

const GLOBAL_FLAGS = ['help', 'version', 'debug'];
/** What yargs puts beside the flags. */
const NOT_FLAGS = ['_', '$0', '--'];

const TOO_FEW = 'Arguments: %s given, at least %s needed; --help shows what the command takes.';

/**
 * The command line as yargs sees it.
 * @param commands every command there is; only what argv names is loaded, for the program's own help all of them
 * @throws (parseAsync) Chosen with the command that argv names, HandgradError 'usage' for what cannot be understood
 */
export function createCli(
  commands: Readonly<Record<CommandName, () => Command>>,
  argv: readonly string[],
  io: Io,
): Argv {
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
    .example('handgrad train', "train the post's network on Fashion-MNIST")
    .epilogue('handgrad <command> --help shows the flags of a command.')
    .help('help', 'show this help')
    .version('version', 'show the version', version())
    .wrap(Math.min(100, io.stdout.columns ?? 100))
    .fail((message, error) => {
      // yargs' own errors are about what was typed; all others come from our code.
      throw error && error.name !== 'YError' ? error : new HandgradError('usage', message ?? error.message);
    });
  const named = COMMAND_NAMES.find((name) => name === argv.find((argument) => !argument.startsWith('-')));
  for (const name of named ? [named] : COMMAND_NAMES) addCommand(cli, name, commands[name](), io);
  // Before yargs' own checks: they stumble over a flag called --constructor.
  return cli.middleware(refuseUnknownCommand, true);
}

function addCommand(cli: Argv, name: CommandName, command: Command, io: Io): void {
  const usage = `${name} ${command.usage}`.trim();
  cli.command(
    usage,
    command.summary,
    (y) => {
      for (const [argument, help] of Object.entries(command.arguments)) y.positional(argument, { describe: help });
      y.options(command.options).middleware((args) => refuseUnknown(name, command, args), true);
      for (const [line, does] of command.examples) y.example(`handgrad ${line}`, does);
      return y.usage(`handgrad ${usage}\n\n${command.summary}`).epilogue('');
    },
    (args) => {
      throw new Chosen(() => command.run(withDashes(args), io));
    },
  );
}

/** Thrown to leave yargs with the command to run: after a handler returns, yargs renders the complete help in vain. */
export class Chosen extends Error {
  constructor(readonly run: () => Promise<void>) {
    super();
  }
}

// yargs drops an argument that is a single dash, so a placeholder replaces it; no real argument can contain NUL.
const DASH = '\0-';

/** Prepares arguments for yargs: flags in their declared spelling, and single dashes replaced by the placeholder. */
export function plainArguments(argv: readonly string[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return argv.map((argument, i) => (argument === '-' ? DASH : i < end ? spelledFlag(argument) : argument));
}

function withDashes(args: Args): Args {
  const restored = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(restored) : value === DASH ? '-' : value;
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, restored(value)]));
}

function refuseUnknownCommand({ _: [name], ...args }: { _: (string | number)[] }): void {
  if (name !== undefined && !COMMAND_NAMES.some((known) => known === String(name))) {
    throw new HandgradError('usage', `There is no command ${quoted(name)}; ${didYouMean(String(name), COMMAND_NAMES)}`);
  }
  if (name !== undefined) return;
  refuseUnknownFlag(args, GLOBAL_FLAGS, 'handgrad');
}

function refuseUnknown(
  name: string,
  command: Command,
  args: { _: (string | number)[]; '--'?: (string | number)[] },
): void {
  const known = [...Object.keys(command.options), ...GLOBAL_FLAGS];
  const listed = known.filter((flag) => !command.options[flag]?.hidden);
  refuseUnknownFlag(args, [...known, ...Object.keys(command.arguments)], name, listed);
  const [, extra] = [...args._, ...(args['--'] ?? [])];
  if (extra === undefined) return;
  throw new HandgradError(
    'usage',
    `${name} does not know what to do with ${quoted(extra)}; see handgrad ${name} --help.`,
  );
}

function refuseUnknownFlag(args: object, allowed: readonly string[], name: string, flags = allowed): void {
  const unknown = Object.keys(args).find((key) => !NOT_FLAGS.includes(key) && !allowed.includes(key));
  if (unknown === undefined) return;
  const dashes = unknown.length === 1 ? '-' : '--';
  throw new HandgradError('usage', `${name} has no flag ${dashes}${unknown}; ${didYouMean(unknown, flags, '--')}`);
}

function version(): string {
  // Resolved by name, because its relative path differs once compiled.
  return (JSON.parse(readFileSync(require.resolve('handgrad/package.json'), 'utf8')) as { version: string }).version;
}
