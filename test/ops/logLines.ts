import type { Logger } from 'pino';
import { createLogger } from '../../src/ops/logger.ts';
import { RequestLog } from '../../src/ops/requestLog.ts';

/** A logger of everything, one of requests, and the lines that it wrote so far, each with its line feed. */
export function loggerWithLines(format: 'json' | 'pretty' = 'json'): {
  logger: Logger;
  lines: string[];
  requestLog: RequestLog;
} {
  const lines: string[] = [];
  const destination = { write: (line: string): void => void lines.push(line) };
  const logger = createLogger({ level: 'trace', format, destination });
  const requestLog = new RequestLog(logger, format === 'json' ? destination : undefined);
  return { logger, lines, requestLog };
}

/** The members of the only line. */
export function onlyLine(lines: readonly string[]): Record<string, unknown> {
  const [line, ...others] = lines;
  if (line === undefined || others.length > 0) throw new Error(`${lines.length} lines, not one`);
  return JSON.parse(line) as Record<string, unknown>;
}
