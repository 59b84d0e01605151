import { readFileSync } from 'node:fs';
import { parseJsonObject } from '../registry/jsonObject.ts';
import { accountSettingPaths } from './accountPaths.ts';
import type { ConfigurationProblem } from './configurationProblem.ts';
import type { RawSettings } from './rawSettings.ts';
import { describeReadFailure } from './readFailure.ts';
import { formatSettingPath, valueAt } from './settingPath.ts';

/** The problems of every account's Docker configuration, as far as a look at the file shows them. */
export function dockerConfigProblems(raw: RawSettings): readonly ConfigurationProblem[] {
  return accountSettingPaths(raw.values, 'dockerConfig').flatMap((path) => {
    const file = valueAt(raw.values, path);
    const message = typeof file === 'string' && file !== '' ? faultOf(file) : undefined;
    if (message === undefined) return [];
    const key = formatSettingPath(path);
    return [{ source: raw.sourceOf(path), key, message, value: JSON.stringify(file) }];
  });
}

function faultOf(file: string): string | undefined {
  try {
    const content = parseJsonObject(readFileSync(file));
    return content === undefined ? 'expected a file with a JSON object' : undefined;
  } catch (error) {
    return describeReadFailure(error);
  }
}
