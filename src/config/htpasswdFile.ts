import { readFileSync } from 'node:fs';
import type { ConfigurationProblem } from './configurationProblem.ts';
import { parseHtpasswd } from './htpasswd.ts';
import type { RawSettings } from './rawSettings.ts';
import { describeReadFailure } from './readFailure.ts';
import { formatSettingPath, valueAt } from './settingPath.ts';

const path = ['access', 'htpasswdFile'];

/** The users of the file that `access.htpasswdFile` names, or one problem for each of its lines that is wrong. */
export interface HtpasswdUsers {
  /** `undefined` when no file is named, or it can't be used. */
  readonly users: ReadonlySet<string> | undefined;
  readonly problems: readonly ConfigurationProblem[];
}

/** Reads the file that `access.htpasswdFile` names. */
export function readHtpasswdUsers(raw: RawSettings): HtpasswdUsers {
  const file = valueAt(raw.values, path);
  if (typeof file !== 'string' || file === '') return { users: undefined, problems: [] };
  const key = formatSettingPath(path);
  try {
    const { hashes, faults } = parseHtpasswd(readFileSync(file, 'utf8'));
    return {
      users: hashes && new Set(hashes.keys()),
      problems: faults.map(({ line, message }) => ({ source: `${file}:${line}`, key, message })),
    };
  } catch (error) {
    const message = describeReadFailure(error);
    const problem = { source: raw.sourceOf(path), key, message, value: JSON.stringify(file) };
    return { users: undefined, problems: [problem] };
  }
}
