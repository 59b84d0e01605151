import { z } from 'zod';
import type { AddressedSettings } from './configuration.ts';
import { isJsonObject } from '../registry/jsonObject.ts';
import type { RawSettings } from './rawSettings.ts';
import { settingsSchema } from './schema.ts';
import { formatSettingPath, valueAt, type SettingPath } from './settingPath.ts';

/** A setting that is in force. Secrets are masked. */
export interface EffectiveSetting {
  /** Such as `upstreams[0].tagFreshness`. */
  readonly key: string;
  /** In the form that a file gives it; an empty list is a list without elements. */
  readonly value: string | boolean | readonly unknown[];
  /** Where it was set, or `default`. */
  readonly source: string;
}

/** Every setting in force, in the order of the schema, with its source. */
export function listEffectiveSettings(
  settings: AddressedSettings,
  raw: RawSettings,
): readonly EffectiveSetting[] {
  const written: unknown = z.encode(settingsSchema, settings);
  return flatten(written, []).map(({ path, value }) => ({
    key: formatSettingPath(path),
    value,
    source: valueAt(raw.values, path) === undefined ? 'default' : raw.sourceOf(path),
  }));
}

interface Leaf {
  readonly path: SettingPath;
  readonly value: EffectiveSetting['value'];
}

function flatten(value: unknown, path: SettingPath): readonly Leaf[] {
  if (isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, inner]) => flatten(inner, [...path, key]));
  }
  if (Array.isArray(value) && value.some(isJsonObject)) {
    return value.flatMap((element, index) => flatten(element, [...path, index]));
  }
  if (value === undefined) return [];
  return [{ path, value: value as Leaf['value'] }];
}
