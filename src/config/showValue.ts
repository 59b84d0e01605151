import { z } from 'zod';
import { isJsonObject } from '../registry/jsonObject.ts';

/**
 * A wrong value in a form that a message may show: a scalar as it was written, less whatever might be a
 * credential in an address; of anything else, and where no scalar was expected, only what kind it is.
 */
export function showValue(value: unknown, expected: z.core.$ZodType): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isJsonObject(value)) return 'a mapping';
  const expectsScalar = !(expected instanceof z.ZodObject || expected instanceof z.ZodArray);
  if (!expectsScalar) return value === null ? 'nothing' : 'a single value';
  return typeof value === 'string' ? JSON.stringify(withoutCredentials(value)) : String(value);
}

function withoutCredentials(text: string): string {
  return text.replace(/^.*@/s, '[secret]@').replace(/([?#]).*$/s, '$1[secret]');
}
