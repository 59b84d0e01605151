import { readFileSync } from 'node:fs';
import type { ConfigurationProblem } from './configurationProblem.ts';
import type { RawSettings } from './rawSettings.ts';
import { describeReadFailure } from './readFailure.ts';
import { formatSettingPath, valueAt } from './settingPath.ts';
import { tlsFaults, type TlsFault } from './tlsPair.ts';

type TlsSetting = TlsFault['setting'];

/** The problems of the files that `tls` names, where it names both: they are read and checked as the server does. */
export function tlsProblems(raw: RawSettings): readonly ConfigurationProblem[] {
  const certificateFile = fileAt(raw, 'certificateFile');
  const keyFile = fileAt(raw, 'keyFile');
  if (certificateFile === undefined || keyFile === undefined) return [];
  const certificate = readOrFault('certificateFile', certificateFile);
  const key = readOrFault('keyFile', keyFile);
  const unread = [certificate, key].filter((reading): reading is TlsFault => 'setting' in reading);
  const faults =
    Buffer.isBuffer(certificate) && Buffer.isBuffer(key) ? tlsFaults({ certificate, key }) : unread;
  return faults.map(({ setting, message }) => {
    const path = ['tls', setting];
    const value = JSON.stringify(valueAt(raw.values, path));
    return { source: raw.sourceOf(path), key: formatSettingPath(path), message, value };
  });
}

function fileAt(raw: RawSettings, setting: TlsSetting): string | undefined {
  const file = valueAt(raw.values, ['tls', setting]);
  return typeof file === 'string' && file !== '' ? file : undefined;
}

function readOrFault(setting: TlsSetting, file: string): Buffer | TlsFault {
  try {
    return readFileSync(file);
  } catch (error) {
    return { setting, message: describeReadFailure(error) };
  }
}
