import type { Writable } from 'node:stream';

/** A flag of a command. */
export interface CommandOption {
  readonly type: 'string' | 'boolean';
  /** Its one-letter form, without the dash. */
  readonly short?: string;
  /** What `--help` calls its value; for flags that take one. */
  readonly value?: string;
  /** Its value may be left out; given without `=`, it has to begin with a digit, as no command does. */
  readonly optional?: true;
  /** It may be given several times; each value counts. */
  readonly repeatable?: true;
  readonly description: string;
}

/** Flags by their long name, without the dashes. */
export type CommandOptions = Readonly<Record<string, CommandOption>>;

/** What was given for each flag, by its long name. */
export type Flags = ReadonlyMap<string, string | readonly string[] | true>;

/** What a command is given to run with. */
export interface CommandContext {
  /** What follows the command's name, flags aside. */
  readonly arguments: readonly string[];
  /** The flags that were given: their text, that of a repeatable one as a list, or `true` for those that have none. */
  readonly flags: Flags;
  readonly environment: NodeJS.ProcessEnv;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** What it does, in a line for the list of commands. */
  readonly summary: string;
  /** What `--help` tells beyond the summary, in lines of text. */
  readonly details?: readonly string[];
  /** Names of the arguments it takes, for instance `[COMMAND]`; the last one takes all others as in `IMAGE…`. */
  readonly arguments?: readonly string[];
  /** Arguments beyond those are not shown in the complaint about them: they may be secrets. */
  readonly hidesSurplus?: true;
  readonly options: CommandOptions;
  /** Does it; settles with the exit code: 0 done, 1 failed, 2 for usage or configuration. */
  run(context: CommandContext): Promise<number>;
}

/** Thrown when the command line makes no sense; the message is the one line that the user gets. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The text of a flag that takes a value; `undefined` when it was not given. */
export function flagText(context: CommandContext, name: string): string | undefined {
  const value = context.flags.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** The texts of a flag that may be given several times, in the order given. */
export function flagTexts(context: CommandContext, name: string): readonly string[] {
  const value = context.flags.get(name);
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
