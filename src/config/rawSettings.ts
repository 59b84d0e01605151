import { z } from 'zod';
import type { ConfigurationFile } from './configurationFile.ts';
import { isJsonObject } from '../registry/jsonObject.ts';
import type { Override } from './override.ts';
import { settingsSchema } from './schema.ts';
import { describeSchema } from './schemaShape.ts';
import { valueAt, type SettingPath } from './settingPath.ts';

/** The settings of all sources laid over each other, not validated, and where each comes from. */
export interface RawSettings {
  readonly values: unknown;
  /** The source of a setting, or of the nearest thing that encloses it; `default` if none set it. */
  sourceOf(path: SettingPath, part?: 'key' | 'value'): string;
}

/** Lays overrides over the file, later ones over earlier ones. */
export function layerSettings(
  file: ConfigurationFile | undefined,
  overrides: readonly Override[],
): RawSettings {
  const layered = overrides.reduce<unknown>(
    (tree, { path, value }) => withValue(tree, path, value),
    file?.value ?? {},
  );
  return {
    values: withoutEmptyKeys(layered, settingsSchema),
    sourceOf: (path, part = 'value') =>
      nearestOverride(overrides, path)?.source ?? file?.locate(path, part) ?? 'default',
  };
}

function nearestOverride(overrides: readonly Override[], path: SettingPath): Override | undefined {
  return overrides
    .filter((override) => override.path.every((part, depth) => part === path[depth]))
    .toSorted((one, other) => one.path.length - other.path.length)
    .at(-1);
}

/** A copy with the value in its place. A scalar on the way there stays: it is a problem of its own. */
function withValue(tree: unknown, path: SettingPath, value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  const inner = withValue(valueAt(tree, [head]), rest, value);
  if (typeof head === 'number') {
    return Array.isArray(tree) ? tree.toSpliced(head, 1, inner) : (tree ?? [inner]);
  }
  return isJsonObject(tree ?? {}) ? { ...(tree as object | undefined), [head]: inner } : tree;
}

/** Leaves out known keys that have no value, as a commented-out block leaves its heading. */
function withoutEmptyKeys(tree: unknown, schema: z.core.$ZodType): unknown {
  const bare = describeSchema(schema).schema;
  if (bare instanceof z.ZodArray && Array.isArray(tree)) {
    return tree.map((element) => withoutEmptyKeys(element, bare.element));
  }
  if (!(bare instanceof z.ZodObject) || !isJsonObject(tree)) return tree;
  const entries = Object.entries(tree).flatMap(([key, value]) => {
    const inner = Object.hasOwn(bare.shape, key) ? bare.shape[key] : undefined;
    if (inner === undefined) return [[key, value]];
    return value === null || value === undefined ? [] : [[key, withoutEmptyKeys(value, inner)]];
  });
  return Object.fromEntries(entries);
}
