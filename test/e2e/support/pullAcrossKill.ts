import assert from 'node:assert/strict';
import type { Client } from './client.ts';
import { duringPull } from './duringPull.ts';
import type { Stage } from './stage.ts';

/** A pull during which the mirror is killed. */
export interface KilledPull {
  readonly client: Client;
  readonly reference: string;
  /** Whether the client ends the pull well by itself; else, if it gives up, it is told to pull once more. */
  readonly outlivesMirror: boolean;
  /** Resolves at the moment for the kill. */
  readonly due: () => Promise<void>;
  /** Done between the kill and the new start. */
  readonly afterKill: () => void;
}

/**
 * Pulls, ends the mirror with SIGKILL in the middle and starts it again at once; resolves when the client
 * has the image. As by an operator or a kubelet, a client that gave up is told again: what it gets then is
 * from the mirror, for there is nothing else to be had.
 */
export async function pullAcrossKill(
  { mirror, outside }: Stage,
  killed: KilledPull,
): Promise<void> {
  const { client, reference, outlivesMirror } = killed;
  const pull = client.pull(reference);
  await duringPull(pull, killed.due);
  await mirror.kill();
  killed.afterKill();
  await mirror.restart();
  if (outlivesMirror) {
    await pull;
    assert.deepEqual(outside.attempts, []);
  } else {
    await pull.catch(async () => client.pull(reference));
  }
}
