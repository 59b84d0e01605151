import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where programs are looked for: `PATH`, and where Debian has servers, which a user's `PATH` lacks. */
export const searchPath = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter);

/** Says which programs are missing and how to install them on Debian, where each package is named as its program; `undefined` when all are there. */
export function missingPrograms(names: readonly string[]): string | undefined {
  const missing = names.filter((name) => !installed(name));
  if (missing.length === 0) return undefined;
  return `missing: ${missing.join(', ')}; on Debian: apt-get install ${missing.join(' ')}`;
}

/** Whether there is such a program. */
export function installed(name: string): boolean {
  return searchPath.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
