import type { Writable } from 'node:stream';
import { ConfigurationError, formatProblem } from '../config/configurationProblem.ts';
import { checkConfig } from './checkConfig.ts';
import { UsageError, type Command } from './command.ts';
import { parseCommandLine, type CommandLine } from './commandLine.ts';
import { du } from './du.ts';
import { exportImages } from './export.ts';
import { gc } from './gc.ts';
import { hashPassword } from './hashPassword.ts';
import { commandHelp, helpCommand, overview } from './help.ts';
import { importImages } from './import.ts';
import { inspect } from './inspect.ts';
import { ls } from './ls.ts';
import { allowLeaving } from './output.ts';
import { purge } from './purge.ts';
import { serve } from './serve.ts';
import { stats } from './stats.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';
import { warm } from './warm.ts';

/** Every command there is; the first one is the default. */
const commands: readonly Command[] = [
  serve,
  stats,
  ls,
  inspect,
  du,
  warm,
  purge,
  gc,
  verify,
  exportImages,
  importImages,
  checkConfig,
  hashPassword,
  version,
  helpCommand(() => commands),
];

/**
 * Runs the command line, given without the program's own name. Settles with the exit code: 0 done,
 * 1 failed, 2 for wrong usage or configuration. Rejects for what is nobody's mistake but the program's.
 */
export async function run(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
  stdout: Writable,
  stderr: Writable,
): Promise<number> {
  for (const stream of [stdout, stderr]) allowLeaving(stream);
  try {
    const line = parseCommandLine(argv, commands);
    const command = chosenCommand(line);
    if (command === undefined) {
      stdout.write(line.named ? commandHelp(line.command) : overview(commands));
      return 0;
    }
    return await command.run({ ...line, environment, stdout, stderr });
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ConfigurationError)) throw error;
    stderr.write(complaint(error));
    return 2;
  }
}

/** The command to run: `undefined` when its help is asked for instead. */
function chosenCommand({ command, flags }: CommandLine): Command | undefined {
  if (flags.has('help')) return undefined;
  return flags.has('version') ? version : command;
}

function complaint(error: UsageError | ConfigurationError): string {
  if (error instanceof UsageError) {
    return `pullthrough: ${error.message} (see "pullthrough help")\n`;
  }
  const count = error.problems.length;
  const title = `${count} ${count === 1 ? 'problem' : 'problems'} in the configuration:`;
  const lines = error.problems.map((problem) => `  ${formatProblem(problem)}`);
  return `pullthrough: ${title}\n${lines.join('\n')}\n`;
}
