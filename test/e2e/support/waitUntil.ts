import { setTimeout as delay } from 'node:timers/promises';

/** Resolves once `isSo` says yes; rejects when that took 30 s, with `what` was waited for. For what other processes do and nobody announces. */
export async function waitUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`after 30 s it is still not so that ${what}`);
    await delay(50);
  }
}
