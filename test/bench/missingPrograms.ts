import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Says which programs of the search path are missing and how to install them on Debian, where each package is named as its program; `undefined` when all are there. */
export function missingPrograms(names: readonly string[]): string | undefined {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return undefined;
  return `missing: ${missing.join(', ')}; on Debian: apt-get install ${missing.join(' ')}`;
}

function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
