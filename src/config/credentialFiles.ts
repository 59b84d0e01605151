import { statSync } from 'node:fs';
import { accountSettingPaths } from './accountPaths.ts';
import type { ConfigurationWarning } from './configurationWarning.ts';
import type { RawSettings } from './rawSettings.ts';
import { formatSettingPath, valueAt, type SettingPath } from './settingPath.ts';

/** What settings came from, as far as it may be a file with a credential in it. */
export interface SettingFiles {
  /** The configuration's file; `undefined` when there was none. */
  readonly file: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

interface CredentialFile {
  /** The setting that names the file, or whose value is in it. */
  readonly key: string;
  readonly file: string;
}

// The mode's bit of those who are neither the owner nor in the group (POSIX, `S_IROTH`).
const readableByOthers = 0o004;

/** A warning for every file with credentials that whoever is on the machine may read. */
export function credentialFileWarnings(
  raw: RawSettings,
  sources: SettingFiles,
): readonly ConfigurationWarning[] {
  const files = [...holdingFiles(raw, sources), ...namedFiles(raw)];
  const first = new Map(files.toReversed().map((one) => [one.file, one.key]));
  return [...first]
    .toReversed()
    .filter(([file]) => isReadableByOthers(file))
    .map(([file, key]) => ({
      key,
      message: `every user of this machine can read ${file}, which holds credentials`,
      advice:
        'take that right away, with chmod o-r or by the mode of the secret that it comes from',
    }));
}

/** The files that a setting names and that hold nothing but credentials, or some among other things. */
function namedFiles({ values }: RawSettings): readonly CredentialFile[] {
  const paths: readonly SettingPath[] = [
    ['tls', 'keyFile'],
    ['ops', 'tokenFile'],
    ['ops', 'tls', 'keyFile'],
    ...accountSettingPaths(values, 'tokenFile'),
    ...accountSettingPaths(values, 'dockerConfig'),
    ['access', 'htpasswdFile'],
  ];
  return paths.flatMap((path) => {
    const file = valueAt(values, path);
    return typeof file === 'string' ? [{ key: formatSettingPath(path), file }] : [];
  });
}

/** The files in which a token itself stands: the configuration's, or one that the environment names. */
function holdingFiles(raw: RawSettings, sources: SettingFiles): readonly CredentialFile[] {
  const paths: readonly SettingPath[] = [
    ['ops', 'token'],
    ...accountSettingPaths(raw.values, 'token'),
  ];
  return paths.flatMap((path) => {
    if (valueAt(raw.values, path) === undefined) return [];
    const file = fileOf(raw.sourceOf(path), sources);
    return file === undefined ? [] : [{ key: formatSettingPath(path), file }];
  });
}

function fileOf(source: string, { file, environment }: SettingFiles): string | undefined {
  if (file !== undefined && source.startsWith(`${file}:`)) return file;
  return source.endsWith('_FILE') ? environment[source] : undefined;
}

/** A file that is gone by now, or is no file, is nobody's to read. */
function isReadableByOthers(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats !== undefined && stats.isFile() && (stats.mode & readableByOthers) !== 0;
}
