import { z } from 'zod';
import { settingsSchema } from './schema.ts';
import { describeSchema, type DescribedSchema } from './schemaShape.ts';
import { environmentName, formatSettingPath, type SettingPath } from './settingPath.ts';

/** One setting, as {@link settingsSchema} describes it. */
export interface SettingRow {
  readonly path: SettingPath;
  /** As in messages; `[]` stands for every element of a list. */
  readonly key: string;
  readonly description: string;
  readonly kind: 'boolean' | 'text' | 'list';
  /** The default in text form; `undefined` for a list, and where there is none. */
  readonly defaultText: string | undefined;
  /** The environment's name; what lies within a list has none of its own. */
  readonly environment: string | undefined;
  readonly flag: { readonly name: string; readonly value?: string } | undefined;
  /** The value is a secret or holds some. */
  readonly secret: boolean;
}

/** Every setting, in the order of the schema; those of a list's elements follow the list. */
export function settingRows(): readonly SettingRow[] {
  return rowsOf(settingsSchema, []);
}

function rowsOf(schema: z.core.$ZodType, path: SettingPath): readonly SettingRow[] {
  const described = describeSchema(schema);
  const bare = described.schema;
  if (bare instanceof z.ZodObject) {
    return Object.entries(bare.shape).flatMap(([key, inner]) => rowsOf(inner, [...path, key]));
  }
  if (!(bare instanceof z.ZodArray)) return [rowOf(described, path, false)];
  const within = bare.element instanceof z.ZodObject ? rowsOf(bare.element, [...path, '[]']) : [];
  const holdsSecret = within.some((row) => row.secret);
  return [rowOf(described, path, holdsSecret), ...within];
}

function rowOf(described: DescribedSchema, path: SettingPath, holdsSecret: boolean): SettingRow {
  const { schema, meta, defaultValue } = described;
  const isList = schema instanceof z.ZodArray;
  const isBoolean = schema instanceof z.ZodBoolean;
  return {
    path,
    key: formatSettingPath(path).replaceAll('.[]', '[]'),
    description: meta.description ?? '',
    kind: isList ? 'list' : isBoolean ? 'boolean' : 'text',
    defaultText: typeof defaultValue === 'object' ? undefined : defaultValue?.toString(),
    environment: path.includes('[]') ? undefined : environmentName(path),
    flag: meta.flag,
    secret: meta.secret ?? holdsSecret,
  };
}
