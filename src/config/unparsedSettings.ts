import { isJsonObject } from '../registry/jsonObject.ts';
import type { SettingPath } from './settingPath.ts';

/** Reports that settings don't go together: where, and what was expected there. */
export type Report = (path: SettingPath, message: string) => void;

/** The member of what should be a mapping; `undefined` where there is none. */
export function fieldOf(value: unknown, key: string): unknown {
  return isJsonObject(value) ? value[key] : undefined;
}

/** The member of what should be a mapping, where it is a list; else an empty one. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : [];
}

/** Reports every value that is in the list a second time; `undefined` counts as none. */
export function reportRepeated(
  values: readonly unknown[],
  pathOf: (index: number) => SettingPath,
  report: Report,
): void {
  for (const [index, value] of values.entries()) {
    if (value !== undefined && values.indexOf(value) < index) {
      report(pathOf(index), 'expected a name that is not in the list already');
    }
  }
}
