import { readFileSync } from 'node:fs';
import type { ConfigurationProblem } from './configurationProblem.ts';
import type { RawSettings } from './rawSettings.ts';
import { describeReadFailure } from './readFailure.ts';
import { formatSettingPath, valueAt, type SettingPath } from './settingPath.ts';
import { authorityFaults, tlsFaults, type TlsFault } from './tlsPair.ts';

/** Where settings name files of TLS. */
const places: readonly SettingPath[] = [['tls'], ['ops', 'tls']];

/** The problems of the files that `tls` and `ops.tls` name: they are read and checked as the servers do. */
export function tlsProblems(raw: RawSettings): readonly ConfigurationProblem[] {
  return places.flatMap((place) => {
    const tls = valueAt(raw.values, place);
    return [...pairFaults(tls), ...clientCaFaults(tls)].map(({ setting, message }) => {
      const path = [...place, setting];
      const value = JSON.stringify(valueAt(raw.values, path));
      return { source: raw.sourceOf(path), key: formatSettingPath(path), message, value };
    });
  });
}

/** The faults of certificate and key, where both are named. */
function pairFaults(tls: unknown): readonly TlsFault[] {
  const certificateFile = fileAt(tls, 'certificateFile');
  const keyFile = fileAt(tls, 'keyFile');
  if (certificateFile === undefined || keyFile === undefined) return [];
  const certificate = readOrFault('certificateFile', certificateFile);
  const key = readOrFault('keyFile', keyFile);
  return Buffer.isBuffer(certificate) && Buffer.isBuffer(key)
    ? tlsFaults({ certificate, key })
    : [certificate, key].filter((reading): reading is TlsFault => 'setting' in reading);
}

function clientCaFaults(tls: unknown): readonly TlsFault[] {
  const setting = 'clientCaFile';
  const file = fileAt(tls, setting);
  if (file === undefined) return [];
  const reading = readOrFault(setting, file);
  return Buffer.isBuffer(reading) ? authorityFaults(reading) : [reading];
}

function fileAt(tls: unknown, setting: TlsFault['setting']): string | undefined {
  const file = valueAt(tls, [setting]);
  return typeof file === 'string' && file !== '' ? file : undefined;
}

function readOrFault(setting: TlsFault['setting'], file: string): Buffer | TlsFault {
  try {
    return readFileSync(file);
  } catch (error) {
    return { setting, message: describeReadFailure(error) };
  }
}
