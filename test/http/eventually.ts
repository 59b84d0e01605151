import { setTimeout as delay } from 'node:timers/promises';

/** Settles once `isSo` says yes; fails when that takes 10 s. For what happens without telling a test. */
export async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`it is still not so that ${what}`);
    await delay(2);
  }
}
