import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lifetime } from './lifetime.ts';

/** A fresh, empty directory that is removed with all it holds when the test ends. */
export async function temporaryDirectory(t: Lifetime): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pullthrough-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
