import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, formatProblem } from '../../src/config/configurationProblem.ts';
import {
  loadConfiguration,
  type ConfigurationSources,
  type LoadedConfiguration,
} from '../../src/config/loadConfiguration.ts';
import { assertHoldsNoSecret, markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import type { Lifetime } from '../support/lifetime.ts';

/** A token as configurations hold it. */
export const token = markedSecret('hunter2');

/** Loads a configuration as if nothing but this were given: no file, no environment. */
export function loadFrom(sources: Partial<ConfigurationSources>): LoadedConfiguration {
  return loadConfiguration({ environment: {}, directory: '/nonexistent', ...sources });
}

/** The problems of a configuration, in lines; none if it is right. Fails when a marked secret shows in them. */
export function problemsFrom(sources: Partial<ConfigurationSources>): readonly string[] {
  try {
    loadFrom(sources);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const lines = error.problems.map(formatProblem);
    assertHoldsNoSecret('a problem', [...lines, error.stack].join('\n'));
    return lines;
  }
}

/** Writes a text to a fresh file, and gives the file's path. */
export async function fileWith(t: Lifetime, text: string): Promise<string> {
  const path = join(await temporaryDirectory(t), 'file.yaml');
  await writeFile(path, text);
  return path;
}
