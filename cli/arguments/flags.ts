import type { Options } from 'yargs';
import { HandgradError } from '../../src/errors';
import { faultOf, type Kind, text } from '../../src/kinds';
import { nearName, quoted } from '../../src/words';
import { flagName } from './flagNames';

/** The command line as parsed by yargs: strings, true, and lists of repeated flags. */
export type Args = Readonly<Record<string, unknown>>;

/** A flag of a command. yargs only splits the command line; values are parsed here, strictly. */
export interface Flag<Value> {
  readonly options: Options;
  /** What its value must be; undefined for a flag without one. */
  readonly kind?: Kind<unknown>;
  /** @param name without dashes @throws HandgradError 'usage' */
  readonly read: (given: unknown, name: string) => Value;
}

/** The help of a flag, and the flags it conflicts with. */
interface FlagDescription {
  readonly help: string;
  readonly group?: string;
  readonly conflicts?: readonly string[];
  /** The default in help, if it depends on something else. */
  readonly otherwise?: string;
}

/** The values of flags or arguments, by their names in code. */
export type Values<Declared> = {
  readonly [Name in keyof Declared]: Declared[Name] extends { read: (given: never, name: never) => infer Value }
    ? Value
    : never;
};

/** A flag that takes a value; undefined if it is not given and has no default. */
export function flag<Value>(
  kind: Kind<Value>,
  about: FlagDescription & { readonly default: NoInfer<Value> },
): Flag<Value>;
export function flag<Value>(kind: Kind<Value>, about: FlagDescription & { readonly required: string }): Flag<Value>;
export function flag<Value>(kind: Kind<Value>, about: FlagDescription): Flag<Value | undefined>;
export function flag<Value>(
  kind: Kind<Value>,
  about: FlagDescription & { readonly default?: Value; readonly required?: string },
): Flag<Value | undefined> {
  const { default: standard, required, otherwise } = about;
  const shown = otherwise ?? [standard].flat().join();
  return {
    kind,
    options: {
      ...optionsOf(about),
      ...{ requiresArg: true, nargs: 1, demandOption: required },
      ...(shown !== '' && { defaultDescription: shown }),
    },
    read: (given, name) => (given === undefined ? standard : readText(kind, once(given, name), `--${name}`)),
  };
}

/** A flag that takes several values; undefined if it is not given. */
export function severalFlag<Value>(kind: Kind<Value>, about: FlagDescription): Flag<readonly Value[] | undefined> {
  return {
    kind,
    options: { ...optionsOf(about), array: true },
    read(given, name) {
      if (given === undefined) return undefined;
      const texts = given as readonly string[];
      if (texts.length === 0) throw new HandgradError('usage', `The flag --${name} needs a value.`);
      return texts.map((one) => readText(kind, one, `--${name}`));
    },
  };
}

/** A flag that may be given several times, each time with one value or a list of them; empty if it is not given. */
export function repeatedFlag<Value>(kind: Kind<readonly Value[]>, about: FlagDescription): Flag<readonly Value[]> {
  return {
    kind,
    options: { ...optionsOf(about), array: true, nargs: 1, requiresArg: true },
    read: (given, name) =>
      ((given ?? []) as readonly string[]).flatMap((one) => readText<readonly Value[]>(kind, one, `--${name}`)),
  };
}

/** A flag without a value: true if it is given. */
export function toggle(about: FlagDescription): Flag<boolean> {
  return { options: { ...optionsOf(about), type: 'boolean' }, read: (given, name) => once(given, name) === true };
}

function optionsOf({ help, group, conflicts }: FlagDescription): Options {
  return { group: group && `${group}:`, describe: help, conflicts: conflicts?.map(flagName) };
}

/** @throws HandgradError 'usage' for a flag that was given more than once */
export function once(given: unknown, name: string): unknown {
  if (!Array.isArray(given)) return given;
  throw new HandgradError('usage', `The flag --${name} was given ${given.length} times; give it once.`);
}

/** A positional argument of a command. */
export interface Argument<Value> {
  /** Its text in the command's usage line. */
  readonly usage: (name: string) => string;
  readonly help: string;
  readonly kind: Kind<unknown>;
  readonly read: (given: unknown, name: string) => Value;
}

/** A required argument. */
export function argument<Value>(kind: Kind<Value>, help: string): Argument<Value> {
  return { usage: (name) => `<${name}>`, help, kind, read: (given, name) => readText(kind, given, name) };
}

/** An optional argument. */
export function optionalArgument<Value>(kind: Kind<Value>, help: string): Argument<Value | undefined> {
  const read = (given: unknown, name: string) => (given === undefined ? undefined : readText(kind, given, name));
  return { usage: (name) => `[${name}]`, help, kind, read };
}

/** All remaining arguments. */
export function restArguments<Value>(
  kind: Kind<Value>,
  help: string,
  { atLeastOne }: { readonly atLeastOne: boolean },
): Argument<readonly Value[]> {
  return {
    usage: (name) => (atLeastOne ? `<${name}..>` : `[${name}..]`),
    help,
    kind,
    read: (given, name) => ((given ?? []) as readonly string[]).map((one) => readText(kind, one, name)),
  };
}

/** The path of a file or folder. */
export const PATH = text('a path');

/** The folder of a run or a sweep. */
export const RUN = text('a path');

function readText<Value>(kind: Kind<Value>, given: unknown, where: string): Value {
  const value = kind.read!(given as string);
  const fault = faultOf(kind, value);
  if (!fault) return value as Value;
  const near = kind.names && !kind.each && nearName(String(given), kind.names);
  const hint = near ? `; did you mean ${near}?` : '.';
  throw new HandgradError('usage', `${where} must be ${fault.rule}, not ${quoted(given)}${hint}`);
}
