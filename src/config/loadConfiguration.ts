import { configurationOf, withAddresses, type Configuration } from './configuration.ts';
import { readConfigurationFile, type ConfigurationFile } from './configurationFile.ts';
import { ConfigurationError, type ConfigurationProblem } from './configurationProblem.ts';
import type { ConfigurationWarning } from './configurationWarning.ts';
import { credentialFileWarnings } from './credentialFiles.ts';
import { dockerConfigProblems } from './dockerConfigs.ts';
import { dockerHubHost } from './dockerHub.ts';
import { dockerHubIndex, readDockerHubAccount } from './dockerHubAccount.ts';
import { listEffectiveSettings, type EffectiveSetting } from './effectiveSettings.ts';
import { readEnvironment } from './environment.ts';
import { readHtpasswdUsers } from './htpasswdFile.ts';
import { idleAccessWarnings } from './idleAccess.ts';
import type { Override } from './override.ts';
import { layerSettings, type RawSettings } from './rawSettings.ts';
import { tlsProblems } from './tlsFiles.ts';
import { readTokenFiles } from './tokenFiles.ts';
import { validateSettings } from './validateSettings.ts';
import { valueAt } from './settingPath.ts';
import { warningsOf } from './warnings.ts';

/** Where the configuration comes from, beside the defaults. */
export interface ConfigurationSources {
  /** The value of `--config`. */
  readonly file?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** What the command line's flags say; it beats all else. */
  readonly flags?: readonly Override[];
  /** Where `config/pullthrough.yaml` is looked for; by default the working directory. */
  readonly directory?: string;
}

/** A configuration that is right, and how it came about. */
export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** The file that was read; `undefined` when there was none. */
  readonly file: string | undefined;
  /** Every setting in force, fit to be shown. */
  readonly effective: readonly EffectiveSetting[];
  /** What it leaves open, and what of it does nothing. */
  readonly warnings: readonly ConfigurationWarning[];
}

/**
 * Reads the configuration: defaults, then the file, the environment, the flags, each over the one
 * before. Throws a {@link ConfigurationError} that lists every problem there is.
 */
export function loadConfiguration(sources: ConfigurationSources): LoadedConfiguration {
  const { environment, flags = [], directory = '.' } = sources;
  const file = readConfigurationFile({ flag: sources.file, environment, directory });
  const reading = readEnvironment(environment);
  const misread = [...(file?.problems ?? []), ...reading.problems];
  // Nothing can be said about the settings of a file that could not be read.
  if (file !== undefined && file.problems.length > 0) throw new ConfigurationError(misread);
  const { raw, problems } = layerAll(file, [...reading.overrides, ...flags], environment);
  const { tokens, problems: tokenProblems } = readTokenFiles(raw);
  const { settings, problems: settingProblems } = validateSettings(raw);
  const { users, problems: userProblems } = readHtpasswdUsers(raw);
  const fileProblems = [
    ...tokenProblems,
    ...dockerConfigProblems(raw),
    ...tlsProblems(raw),
    ...userProblems,
  ];
  const all = [...misread, ...problems, ...settingProblems, ...fileProblems];
  if (settings === undefined || all.length > 0) throw new ConfigurationError(inOrder(all));
  const addressed = withAddresses(settings);
  const configuration = configurationOf(addressed, tokens);
  const fileWarnings = credentialFileWarnings(raw, { file: file?.path, environment });
  return {
    configuration,
    file: file?.path,
    effective: listEffectiveSettings(addressed, raw),
    warnings: [
      ...warningsOf(configuration),
      ...idleAccessWarnings(configuration, users),
      ...fileWarnings,
    ],
  };
}

/** Sorted by source; numbers in it count as numbers, so a file's problems come line by line. */
function inOrder(problems: readonly ConfigurationProblem[]): readonly ConfigurationProblem[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return problems.toSorted((one, other) => compare(one.source, other.source));
}

interface LayeredSettings {
  readonly raw: RawSettings;
  readonly problems: readonly ConfigurationProblem[];
}

/** Lays everything that was given over the file, and adds docker.io and its account. */
function layerAll(
  file: ConfigurationFile | undefined,
  given: readonly Override[],
  environment: NodeJS.ProcessEnv,
): LayeredSettings {
  const explicit = layerSettings(file, given);
  const overrides = [...given, ...impliedUpstream(explicit.values)];
  const complete = layerSettings(file, overrides);
  const account = readDockerHubAccount(environment, complete.values);
  return {
    raw: layerSettings(file, [...overrides, ...account.overrides]),
    problems: account.problems,
  };
}

function impliedUpstream(settings: unknown): readonly Override[] {
  const path = ['upstreams', dockerHubIndex(settings)];
  if (valueAt(settings, path) !== undefined) return [];
  return [{ path, value: { host: dockerHubHost }, source: 'default' }];
}
