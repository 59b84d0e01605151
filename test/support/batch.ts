import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Loads the test files of the folder that a file of `test/batches` is named after, so that one process runs them;
 * of several, such as `mirror1.ts` and `mirror2.ts`, each loads its share. To start a process, to load the
 * program and to have its code compiled takes longer than most test files run: those of `test/upstream` take 4.5
 * CPU-seconds together and 15 one by one. For tests that leave nothing changed in their process.
 */
export async function loadBatch(file: string): Promise<void> {
  const batches = dirname(file);
  const name = folderOf(file);
  const loaders = (await readdir(batches)).filter((one) => folderOf(one) === name).toSorted();
  const place = loaders.indexOf(basename(file));
  const folder = join(batches, '..', name);
  const tests = (await readdir(folder, { recursive: true })).filter(isTest).toSorted();
  for (const [index, one] of tests.entries()) {
    if (index % loaders.length === place) await import(join(folder, one));
  }
}

/** The name of the folder below `test` whose files a batch loads. */
export function folderOf(file: string): string {
  return basename(file, '.ts').replace(/\d+$/, '');
}

function isTest(name: string): boolean {
  return name.endsWith('.test.ts');
}
