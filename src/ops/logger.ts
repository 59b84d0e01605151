import {
  destination as openDestination,
  pino,
  stdTimeFunctions,
  type DestinationStream,
  type LevelWithSilent,
  type Logger,
} from 'pino';
import { prettyFactory } from 'pino-pretty';
import { GatheredLines } from './gatheredLines.ts';
import { redactSecrets } from './redactSecrets.ts';
import { serializeError } from './serializedError.ts';

/** How {@link createLogger} writes. */
export interface LoggerOptions {
  /** The least important level that is written; `silent` writes nothing. */
  readonly level: LevelWithSilent;
  /** `json` for machines, a line each; `pretty` for a person at a terminal. */
  readonly format: 'json' | 'pretty';
  /** Where lines go; by default standard output. */
  readonly destination?: DestinationStream;
}

/**
 * A logger whose lines carry an ISO time and the name of their level. Secrets are masked in the
 * finished line, so that no message, member, cause or child logger gets past it. Errors belong under
 * `err`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, destination = standardOutput() } = options;
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
      hooks: { streamWrite: redactSecrets },
    },
    format === 'json' ? destination : prettyStream(destination),
  );
}

/** Where lines go for all to see; what is written last is written before the process ends. */
export function standardOutput(): DestinationStream {
  const lines = new GatheredLines(openDestination({ fd: 1, sync: true }));
  process.once('exit', () => lines.flush());
  return lines;
}

// Written as it comes, on this thread: a transport would lose the last lines of a crash.
function prettyStream(target: DestinationStream): DestinationStream {
  const prettify = prettyFactory({ singleLine: true, translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => target.write(prettify(line.trimEnd())) };
}
