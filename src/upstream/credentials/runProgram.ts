import { execFile } from 'node:child_process';
import { CredentialError } from './credentialError.ts';

/** A program to run, without a shell. */
export interface ProgramOptions {
  readonly program: string;
  readonly arguments: readonly string[];
  /** What it is given on its standard input. */
  readonly input?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which it is killed; 10 s unless given. */
  readonly timeout?: number;
}

/** How a program ended by itself. */
export interface ProgramResult {
  readonly code: number;
  /** What it wrote to its standard output, which may be a secret. */
  readonly output: string;
}

// Tokens have a few KiB.
const longestOutput = 1024 * 1024;
const usualTimeout = 10_000;

/**
 * Runs a program to its end. Throws a {@link CredentialError} when it could not be started, took too long
 * or wrote too much; that names the program alone, since its arguments and its output may be secret.
 */
export function runProgram(options: ProgramOptions): Promise<ProgramResult> {
  const { program, environment, timeout = usualTimeout } = options;
  const settings = {
    env: environment,
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: longestOutput,
    encoding: 'utf8',
  } as const;
  // execFile throws for these, with the arguments in its message.
  if ([program, ...options.arguments].some((text) => text.includes('\0'))) {
    return Promise.reject(new CredentialError('a NUL character can be in no program or argument'));
  }
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...options.arguments], settings, (error, output) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, output });
      else reject(new CredentialError(`${program} ${describe(code, child.killed, timeout)}`));
    });
    // A program that does not read its input ends with EPIPE here, which is no fault of its.
    child.stdin?.on('error', () => undefined).end(options.input ?? '');
  });
}

function describe(code: string | null | undefined, killed: boolean, timeout: number): string {
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'wrote more than a token can be';
  if (typeof code === 'string') return `could not be run: ${code}`;
  return killed ? `did not end within ${timeout / 1000} s` : 'was killed';
}
