import type { Command, CommandOption, CommandOptions } from './command.ts';
import { findCommand, globalOptions } from './commandLine.ts';

/** The `help` command, over the commands that it is to tell about. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    summary: 'Show this help, or that of a command.',
    arguments: ['[COMMAND]'],
    options: {},
    run: async (context) => {
      const [name] = context.arguments;
      const text =
        name === undefined ? overview(commands()) : commandHelp(findCommand(name, commands()));
      context.stdout.write(text);
      return 0;
    },
  };
}

/** The help of the program as a whole. */
export function overview(commands: readonly Command[]): string {
  return page([
    'pullthrough: a pull-through caching mirror for Docker Hub and other OCI registries',
    '',
    'Usage: pullthrough [--config FILE] [COMMAND]',
    '',
    'Commands (the first one by default):',
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    'Flags:',
    ...optionLines(globalOptions),
    '',
    'Settings come from config/pullthrough.yaml or FILE, then PULLTHROUGH_… in the environment, then',
    'flags. "pullthrough check-config" shows what is in force and where it was set.',
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.',
  ]);
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const usage = ['pullthrough', command.name, ...(command.arguments ?? []), '[FLAGS]'].join(' ');
  const { config, help } = globalOptions as { config: CommandOption; help: CommandOption };
  return page([
    command.summary,
    '',
    `Usage: ${usage}`,
    ...(command.details === undefined ? [] : ['', ...command.details]),
    '',
    'Flags:',
    ...optionLines({ ...command.options, config, help }),
  ]);
}

function optionLines(options: CommandOptions): readonly string[] {
  return columns(
    Object.entries(options).map(([name, { short, value, optional, description }]) => {
      const names = short === undefined ? `    --${name}` : `-${short}, --${name}`;
      const shown = optional === true ? `[${value}]` : value;
      return [shown === undefined ? names : `${names} ${shown}`, description];
    }),
  );
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const width = Math.max(...rows.map(([left = '']) => left.length));
  return rows.map(([left = '', right = '']) => `  ${left.padEnd(width)}  ${right}`);
}

function page(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
