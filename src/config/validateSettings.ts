import { z } from 'zod';
import type { ConfigurationProblem } from './configurationProblem.ts';
import type { RawSettings } from './rawSettings.ts';
import { settingsSchema, type Settings } from './schema.ts';
import { describeSchema, schemasAlong } from './schemaShape.ts';
import { settingRows } from './settingRows.ts';
import { formatSettingPath, valueAt, type SettingPath } from './settingPath.ts';
import { showValue } from './showValue.ts';
import { didYouMean, nearestName } from './suggestion.ts';

/** Either the parsed settings, or every problem that the schema finds in them. */
export type Validation =
  | { readonly settings: Settings; readonly problems: readonly [] }
  | { readonly settings: undefined; readonly problems: readonly ConfigurationProblem[] };

/** Parses the settings and translates what the schema objects to into problems of their sources. */
export function validateSettings(raw: RawSettings): Validation {
  const result = settingsSchema.safeParse(raw.values);
  if (result.success) return { settings: result.data, problems: [] };
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, raw));
  return { settings: undefined, problems: firstOfEachKey(problems) };
}

/** A setting that is wrong by itself may break a rule about several settings too: once is enough. */
function firstOfEachKey(
  problems: readonly ConfigurationProblem[],
): readonly ConfigurationProblem[] {
  return [...new Map(problems.toReversed().map((problem) => [problem.key, problem])).values()];
}

function problemsOf(issue: z.core.$ZodIssue, raw: RawSettings): readonly ConfigurationProblem[] {
  const path = issue.path as SettingPath;
  if (issue.code !== 'unrecognized_keys') return [valueProblem(issue, path, raw)];
  return issue.keys.map((key) => {
    const keyPath = [...path, key];
    return {
      source: raw.sourceOf(keyPath, 'key'),
      key: formatSettingPath(keyPath),
      message: `no such setting${suggestKey(path, key)}`,
    };
  });
}

function valueProblem(
  issue: z.core.$ZodIssue,
  path: SettingPath,
  raw: RawSettings,
): ConfigurationProblem {
  const along = schemasAlong(settingsSchema, path);
  const { meta, schema, defaultValue } = along.at(-1) ?? describeSchema(settingsSchema);
  const given = valueAt(raw.values, path);
  const value = given ?? defaultValue;
  const isSecret = along.some((described) => described.meta.secret === true);
  const source = given === undefined && value !== undefined ? 'default' : raw.sourceOf(path);
  return {
    source,
    key: formatSettingPath(path),
    message:
      issue.code === 'custom'
        ? issue.message
        : `expected ${expectation(schema, meta)}${value === undefined ? ', but it is missing' : ''}`,
    ...(value === undefined || isSecret ? {} : { value: showValue(value, schema) }),
  };
}

function expectation(schema: z.core.$ZodType, meta: z.GlobalMeta): string {
  if (schema instanceof z.ZodObject) return `a mapping of ${Object.keys(schema.shape).join(', ')}`;
  return meta.expected ?? 'a list';
}

/** Looks for the key among its would-be siblings first, then everywhere: it may be misplaced. */
function suggestKey(path: SettingPath, key: string): string {
  const schema = schemasAlong(settingsSchema, path).at(-1)?.schema;
  const siblings = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const near = nearestName(key, siblings);
  if (near !== undefined) return didYouMean(formatSettingPath([...path, near]));
  return didYouMean(settingRows().find((row) => row.path.at(-1) === key)?.key);
}
