import { execFile } from 'node:child_process';

/** How a command is run. */
export interface CommandOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly directory?: string;
  /** Milliseconds until it is killed; two minutes when absent. */
  readonly timeout?: number;
  /** What it reads from its standard input; nothing when absent. */
  readonly input?: string;
}

/** Runs a command to its end and resolves with its standard output; rejects with all it wrote when it fails. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      {
        cwd: options.directory,
        env: options.environment ?? process.env,
        timeout: options.timeout ?? 120_000,
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${error.message}\n${stdout}${stderr}`));
      },
    ).stdin?.end(options.input);
  });
}
