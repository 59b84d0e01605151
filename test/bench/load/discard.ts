import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Discarded, DiscardOrder } from './discardOrder.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, 'discardProcess.ts');

/**
 * Downloads something over several connections at once in a process of its own, or in several, which
 * throw the bytes away. Rejects unless every answer is a 200 of as many bytes as expected that came
 * completely.
 */
export async function discard(
  { processes = 1, ...order }: DiscardOrder,
  signal: AbortSignal,
): Promise<Discarded> {
  const parts = await Promise.all(
    shares(order.connections, processes).map(async (connections) => {
      const part = JSON.stringify({ ...order, connections });
      const { stdout } = await run(process.execPath, [program, part], { signal });
      return JSON.parse(stdout) as Discarded;
    }),
  );
  return together(parts);
}

function shares(connections: number, processes: number): number[] {
  return Array.from({ length: processes }, (_, index) =>
    Math.floor((connections + index) / processes),
  );
}

/** What several did at once. They start within some milliseconds of each other. */
export function together(parts: readonly Discarded[]): Discarded {
  const sum = (of: (part: Discarded) => number) =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    seconds: Math.max(...parts.map(({ seconds }) => seconds)),
    bytes: sum(({ bytes }) => bytes),
    firstByteSeconds: parts.flatMap(({ firstByteSeconds }) => firstByteSeconds),
    doneSeconds: parts.flatMap(({ doneSeconds }) => doneSeconds),
    clientCpuSeconds: sum(({ clientCpuSeconds }) => clientCpuSeconds),
  };
}
