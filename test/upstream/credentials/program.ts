import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Lifetime } from '../../support/lifetime.ts';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';

/** A program to be found by its name. */
export interface TestProgram {
  /** The directory that it lies in. */
  readonly directory: string;
  /** The environment in which it is found. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Writes a shell script of that name into a fresh directory. */
export async function programCalled(
  t: Lifetime,
  name: string,
  script: string,
): Promise<TestProgram> {
  const directory = await temporaryDirectory(t);
  await writeProgram(join(directory, name), script);
  return { directory, environment: { PATH: `${directory}${delimiter}/usr/bin${delimiter}/bin` } };
}

/** Writes a shell script to a path. */
export async function writeProgram(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}
