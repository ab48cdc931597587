import type { Options } from 'yargs';
import type { Args } from './options';
import type { Io } from '../terminal/terminal';

/** What a command's file exports: all that help, parsing and running need. */
export interface Command {
  /** Its flags, by name without dashes; those of every command come on top. */
  readonly options: Readonly<Record<string, Options>>;
  /** Its positional arguments, by name, as its usage line has them. */
  readonly positionals?: Readonly<Record<string, string>>;
  /** Pairs of a command line without the program's name, and what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /**
   * @param args the flags as parsed, none unknown, none twice
   * @throws HandgradError with the kind that becomes the exit code, or the Interruption in `io.signal`
   */
  run(args: Args, io: Io): Promise<void>;
}

/** A command as it stands in the list of all, before its file is loaded. */
export interface ListedCommand {
  /** The command and its positional arguments, as yargs reads them. */
  readonly usage: string;
  readonly describe: string;
  /** Loads the command's file, which is done only when the command is asked for: the program's own --help waits for none. */
  readonly load: () => { readonly command: Command };
}

/** Flags that several commands have. */
export const OUTPUT_OPTIONS = {
  json: { type: 'boolean', group: 'Output:', describe: 'print JSON instead of text' },
  quiet: { type: 'boolean', group: 'Output:', describe: 'print results and errors only' },
} satisfies Record<string, Options>;
