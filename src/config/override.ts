import type { SettingPath } from './settingPath.ts';

/** A setting's value from somewhere else than the file: the environment, a flag. */
export interface Override {
  readonly path: SettingPath;
  /** In the form that the file would give it. */
  readonly value: unknown;
  /** What messages call the place, such as `PULLTHROUGH_LISTEN` or `--listen`. */
  readonly source: string;
}
