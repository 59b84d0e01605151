import { readFileSync } from 'node:fs';
import { accountSettingPaths } from './accountPaths.ts';
import type { ConfigurationProblem } from './configurationProblem.ts';
import type { RawSettings } from './rawSettings.ts';
import { describeReadFailure } from './readFailure.ts';
import { Secret } from './secret.ts';
import { formatSettingPath, valueAt } from './settingPath.ts';

/** The token files of all accounts and of the ops endpoints, read. */
export interface TokenFiles {
  /** By the path of the file, as the setting gives it. */
  readonly tokens: ReadonlyMap<string, Secret>;
  readonly problems: readonly ConfigurationProblem[];
}

/** Reads every token file, whatever else may be wrong with the settings. */
export function readTokenFiles(raw: RawSettings): TokenFiles {
  const tokens = new Map<string, Secret>();
  const problems: ConfigurationProblem[] = [];
  const paths = [['ops', 'tokenFile'], ...accountSettingPaths(raw.values, 'tokenFile')];
  for (const path of paths) {
    const file = valueAt(raw.values, path);
    if (typeof file !== 'string' || file === '') continue;
    const reading = readToken(file);
    if (reading instanceof Secret) tokens.set(file, reading);
    else problems.push({ source: raw.sourceOf(path), key: formatSettingPath(path), ...reading });
  }
  return { tokens, problems };
}

function readToken(file: string): Secret | { readonly message: string; readonly value?: string } {
  const value = JSON.stringify(file);
  try {
    const token = readFileSync(file, 'utf8').replace(/(\r?\n)+$/, '');
    if (token === '') return { message: 'expected a token in the file, but it is empty', value };
    return new Secret(token);
  } catch (error) {
    const message = describeReadFailure(error);
    // A file name of that shape is a token that was put under the wrong key.
    return looksLikeToken(file)
      ? { message: `${message}; a token itself belongs under token` }
      : { message, value };
  }
}

function looksLikeToken(text: string): boolean {
  return (text.length >= 20 && !text.includes('/')) || text.length > 255;
}
