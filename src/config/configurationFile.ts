import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeReadFailure } from './readFailure.ts';
import { readYaml, type YamlSource } from './yamlSource.ts';

/** The environment's variable that names the file. */
export const configurationFileVariable = 'PULLTHROUGH_CONFIG';

const defaultFile = join('config', 'pullthrough.yaml');

/** The configuration's YAML file. */
export interface ConfigurationFile extends YamlSource {
  /** The path as the user gave it, or the default one. */
  readonly path: string;
}

/** Where to look for the file. */
export interface ConfigurationFileChoice {
  /** The value of `--config`. */
  readonly flag?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Where the default file is looked for; other paths are relative to the working directory. */
  readonly directory: string;
}

/**
 * Reads the file that `--config` names, else `PULLTHROUGH_CONFIG`, else `config/pullthrough.yaml` if
 * there is one; `undefined` if there is none. A file that was named and can't be read is a problem.
 */
export function readConfigurationFile(
  choice: ConfigurationFileChoice,
): ConfigurationFile | undefined {
  const named = choice.flag ?? (choice.environment[configurationFileVariable] || undefined);
  const path = named ?? join(choice.directory, defaultFile);
  try {
    return { path, ...readYaml(readFileSync(path, 'utf8'), path) };
  } catch (error) {
    if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return unreadable(path, sourceOf(choice), describeReadFailure(error));
  }
}

function sourceOf({ flag, environment }: ConfigurationFileChoice): string {
  if (flag !== undefined) return '--config';
  return environment[configurationFileVariable] ? configurationFileVariable : defaultFile;
}

function unreadable(path: string, source: string, message: string): ConfigurationFile {
  const problems = [{ source, message, value: JSON.stringify(path) }];
  return { path, value: undefined, problems, locate: () => path };
}
