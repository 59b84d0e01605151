import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Discarded, DiscardOrder } from './discardOrder.ts';

const run = promisify(execFile);

/**
 * Downloads something over several connections at once in a process of its own, which throws the bytes
 * away. Rejects unless every answer is a 200 of as many bytes as expected that came completely.
 */
export async function discard(order: DiscardOrder, signal: AbortSignal): Promise<Discarded> {
  const program = join(import.meta.dirname, 'discardProcess.ts');
  const { stdout } = await run(process.execPath, [program, JSON.stringify(order)], { signal });
  return JSON.parse(stdout) as Discarded;
}
