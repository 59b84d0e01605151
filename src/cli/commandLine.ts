import { parseArgs } from 'node:util';
import { didYouMean, nearestName } from '../config/suggestion.ts';
import {
  UsageError,
  type Command,
  type CommandOption,
  type CommandOptions,
  type Flags,
} from './command.ts';

/** A command line that makes sense. */
export interface CommandLine {
  readonly command: Command;
  /** Whether the command was named, or is the default one. */
  readonly named: boolean;
  readonly arguments: readonly string[];
  readonly flags: Flags;
}

/** Flags that stand before or after any command. */
export const globalOptions: CommandOptions = {
  config: { type: 'string', value: 'FILE', description: 'Read the settings from this YAML file.' },
  help: { type: 'boolean', short: 'h', description: 'Show this help.' },
  version: { type: 'boolean', description: 'Show the version.' },
};

/**
 * Takes a command line apart. The first argument that is no flag names the command; without one it is
 * `commands[0]`. Throws a {@link UsageError} for the first thing that makes no sense.
 */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
): CommandLine {
  const every = commands.reduce((all, { options }) => ({ ...all, ...options }), globalOptions);
  const tokens = tokensOf(argv, every);
  const [name, ...rest] = tokens.flatMap((token) =>
    token.kind === 'positional' ? [token.value] : [],
  );
  const command = findCommand(name, commands);
  const options = { ...globalOptions, ...command.options };
  const given = tokens
    .filter((token) => token.kind === 'option')
    .map((token) => readFlag(token, options, command));
  const surplus = rest[takenBy(command)];
  if (surplus !== undefined) {
    const shown = command.hidesSurplus === true ? 'fewer arguments' : `no "${surplus}"`;
    throw new UsageError(`${command.name} takes ${shown}`);
  }
  return { command, named: name !== undefined, arguments: rest, flags: gather(given, options) };
}

/** How many arguments a command takes. */
function takenBy({ arguments: names = [] }: Command): number {
  return names.at(-1)?.includes('…') === true ? Number.POSITIVE_INFINITY : names.length;
}

/** Of a flag that was given more than once the last one counts, or all of them. */
function gather(
  given: ReadonlyArray<readonly [string, string | true]>,
  options: CommandOptions,
): Flags {
  const flags = new Map<string, string | string[] | true>();
  for (const [name, value] of given) {
    const before = flags.get(name);
    const isList = options[name]?.repeatable === true && value !== true;
    if (isList) flags.set(name, [...(Array.isArray(before) ? before : []), value]);
    else flags.set(name, value);
  }
  return flags;
}

/** The command of this name, or the default one; throws a {@link UsageError} when there is none. */
export function findCommand(name: string | undefined, commands: readonly Command[]): Command {
  const command = name === undefined ? commands[0] : commands.find((one) => one.name === name);
  if (command !== undefined) return command;
  const names = commands.map((one) => one.name);
  throw new UsageError(`unknown command "${name}"${didYouMean(nearestName(name ?? '', names))}`);
}

interface PositionalToken {
  readonly kind: 'positional';
  readonly value: string;
}

type Token = PositionalToken | OptionToken | { readonly kind: 'option-terminator' };

/** The parts of the command line, each flag with its value. */
function tokensOf(argv: readonly string[], options: CommandOptions): readonly Token[] {
  // What Node calls a boolean never takes the next argument, nor is it stopped from having a value.
  const forNode = Object.entries(options).map(([name, { type, short, optional }]) => {
    const kind = optional === true ? 'boolean' : type;
    return [name, { type: kind, ...(short === undefined ? {} : { short }) }] as const;
  });
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(forNode),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.reduce<Token[]>((done, token) => {
    const flag = done.at(-1);
    const value = token.kind === 'positional' ? token.value : '';
    if (flag?.kind !== 'option' || !takesNext(flag, options) || !/^\d/.test(value)) {
      return [...done, token];
    }
    return [...done.slice(0, -1), { ...flag, value, inlineValue: false }];
  }, []);
}

function takesNext({ name, value }: OptionToken, options: CommandOptions): boolean {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  return option?.optional === true && value === undefined;
}

interface OptionToken {
  readonly kind: 'option';
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function readFlag(
  token: OptionToken,
  options: CommandOptions,
  command: Command,
): readonly [string, string | true] {
  const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
  if (option === undefined) throw unknownFlag(token, options, command);
  return [token.name, readValue(token, option)];
}

function readValue({ rawName, value, inlineValue }: OptionToken, option: CommandOption) {
  if (option.type === 'boolean') {
    if (value === undefined) return true;
    throw new UsageError(`${rawName} takes no value`);
  }
  if (option.optional === true && value === undefined) return true;
  // "--config --offline" is a forgotten value; one that begins with a dash takes "--config=-file". A dash alone
  // is the custom for standard input or output.
  if (!value || (value.startsWith('-') && value !== '-' && inlineValue !== true)) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  }
  return value;
}

function unknownFlag(token: OptionToken, options: CommandOptions, command: Command): UsageError {
  const near = token.rawName.startsWith('--')
    ? nearestName(token.name, Object.keys(options))
    : undefined;
  const flag = near === undefined ? undefined : `--${near}`;
  return new UsageError(`unknown flag ${token.rawName} for ${command.name}${didYouMean(flag)}`);
}
