import { readFileSync } from 'node:fs';
import type { ConfigurationProblem } from './configurationProblem.ts';
import { parseHtpasswd } from './htpasswd.ts';
import type { RawSettings } from './rawSettings.ts';
import { describeReadFailure } from './readFailure.ts';
import { formatSettingPath, valueAt } from './settingPath.ts';

const path = ['access', 'htpasswdFile'];

/** The problems of the file that `access.htpasswdFile` names, one for each of its lines that is wrong. */
export function htpasswdProblems(raw: RawSettings): readonly ConfigurationProblem[] {
  const file = valueAt(raw.values, path);
  if (typeof file !== 'string' || file === '') return [];
  const key = formatSettingPath(path);
  try {
    const { faults } = parseHtpasswd(readFileSync(file, 'utf8'));
    return faults.map(({ line, message }) => ({ source: `${file}:${line}`, key, message }));
  } catch (error) {
    const message = describeReadFailure(error);
    return [{ source: raw.sourceOf(path), key, message, value: JSON.stringify(file) }];
  }
}
