import { readFileSync } from 'node:fs';
import { configurationFileVariable } from './configurationFile.ts';
import type { ConfigurationProblem } from './configurationProblem.ts';
import type { Override } from './override.ts';
import { describeReadFailure } from './readFailure.ts';
import { settingRows, type SettingRow } from './settingRows.ts';
import { didYouMean, nearestName } from './suggestion.ts';
import { readYaml } from './yamlSource.ts';

/** What the environment says about the settings. */
export interface EnvironmentReading {
  readonly overrides: readonly Override[];
  readonly problems: readonly ConfigurationProblem[];
}

const prefix = 'PULLTHROUGH_';

/**
 * Reads every `PULLTHROUGH_…` variable. An empty one counts as unset, as compose files leave them.
 * A variable that no setting has is a problem: it is a misspelt one far more often than a stray one.
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): EnvironmentReading {
  const readings = settingRows().flatMap((row) => readRow(row, environment));
  return {
    overrides: readings.flatMap(({ overrides }) => overrides),
    problems: [...unknownVariables(environment), ...readings.flatMap(({ problems }) => problems)],
  };
}

function readRow(row: SettingRow, environment: NodeJS.ProcessEnv): readonly EnvironmentReading[] {
  const name = row.environment;
  if (name === undefined) return [];
  const text = environment[name];
  const file = row.secret && !isSetting(`${name}_FILE`) ? environment[`${name}_FILE`] : undefined;
  if (text && file) {
    const message = `expected either ${name} or ${name}_FILE, not both`;
    return [{ overrides: [], problems: [{ source: name, key: row.key, message }] }];
  }
  if (file) return [readVariableFile(row, `${name}_FILE`, file)];
  return text ? [readText(row, name, text)] : [];
}

/** Where a setting of its own names the file, that is the one to say what is wrong with it. */
function isSetting(variable: string): boolean {
  return settingRows().some(({ environment }) => environment === variable);
}

function readVariableFile(row: SettingRow, name: string, path: string): EnvironmentReading {
  try {
    return readText(row, name, readFileSync(path, 'utf8'));
  } catch (error) {
    const message = describeReadFailure(error);
    const value = JSON.stringify(path);
    return { overrides: [], problems: [{ source: name, key: row.key, message, value }] };
  }
}

function readText(row: SettingRow, source: string, text: string): EnvironmentReading {
  const override = (value: unknown): EnvironmentReading => ({
    overrides: [{ path: row.path, value, source }],
    problems: [],
  });
  if (row.kind === 'list') {
    const { value, problems } = readYaml(text, source);
    if (problems.length > 0) {
      return { overrides: [], problems: problems.map((one) => ({ ...one, key: row.key })) };
    }
    if (typeof value === 'object') return override(value);
    const message = `expected a list as YAML or JSON${exampleOf(row, text)}`;
    return {
      overrides: [],
      problems: [{ source, key: row.key, message, value: 'a single value' }],
    };
  }
  const isTruth = row.kind === 'boolean' && (text === 'true' || text === 'false');
  return override(isTruth ? text === 'true' : text);
}

/** The text as the list that was probably meant, where that is one of plain values and holds no credential. */
function exampleOf(row: SettingRow, text: string): string {
  const isPlain = !settingRows().some(({ key }) => key.startsWith(`${row.key}[]`));
  if (!isPlain || row.secret || /[^\w\s.,:/*-]/.test(text)) return '';
  return `, such as ${JSON.stringify(text.split(/[\s,]+/).filter((part) => part !== ''))}`;
}

function unknownVariables(environment: NodeJS.ProcessEnv): readonly ConfigurationProblem[] {
  const known = [configurationFileVariable, ...settingRows().flatMap(namesOf)];
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith(prefix) && !isServiceLink(name, value))
    .filter(([name]) => !known.includes(name))
    .map(([name]) => ({
      source: name,
      message: `no setting has this variable${suggestVariable(name, known)}`,
    }));
}

function suggestVariable(name: string, known: readonly string[]): string {
  // Without what all of them begin with, or any two would seem near to each other.
  const words = known.map((other) => other.slice(prefix.length));
  const near = nearestName(name.slice(prefix.length), words);
  return didYouMean(near === undefined ? undefined : `${prefix}${near}`);
}

function namesOf({ environment: name, secret }: SettingRow): readonly string[] {
  if (name === undefined) return [];
  return secret ? [name, `${name}_FILE`] : [name];
}

/**
 * Whether the kubelet put the variable there. For a Service called `pullthrough`, or `pullthrough-ops`,
 * every container in the namespace gets `…_SERVICE_HOST`, `…_SERVICE_PORT` (also with a port's name),
 * `…_PORT` and `…_PORT_5000_TCP` (also with `_ADDR`, `_PORT`, `_PROTO`).
 */
function isServiceLink(name: string, value = ''): boolean {
  if (
    /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?$/.test(name)
  ) {
    return true;
  }
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value);
}
