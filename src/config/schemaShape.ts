import { z } from 'zod';
import type { SettingPath } from './settingPath.ts';

/** A schema without what wraps it, and what all its layers say about it. */
export interface DescribedSchema {
  readonly schema: z.core.$ZodType;
  readonly meta: z.GlobalMeta;
  /** The default in text form, where there is one. */
  readonly defaultValue: string | boolean | object | undefined;
}

/** Takes defaults and optionality off a schema. Where layers disagree, the outermost one wins. */
export function describeSchema(schema: z.core.$ZodType): DescribedSchema {
  const meta = z.globalRegistry.get(schema) ?? {};
  if (!(schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)) {
    return { schema, meta, defaultValue: undefined };
  }
  const inner = describeSchema(schema.unwrap());
  return {
    schema: inner.schema,
    meta: { ...inner.meta, ...meta },
    defaultValue:
      schema instanceof z.ZodPrefault
        ? (schema.def.defaultValue as DescribedSchema['defaultValue'])
        : undefined,
  };
}

/** The schemas on the way to a setting, from the outermost inwards, as far as the path leads. */
export function schemasAlong(root: z.core.$ZodType, path: SettingPath): readonly DescribedSchema[] {
  const described = describeSchema(root);
  const [part, ...rest] = path;
  const inner = part === undefined ? undefined : childOf(described.schema, part);
  return inner === undefined ? [described] : [described, ...schemasAlong(inner, rest)];
}

function childOf(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodArray) return schema.element;
  return schema instanceof z.ZodObject && Object.hasOwn(schema.shape, part)
    ? schema.shape[part]
    : undefined;
}
