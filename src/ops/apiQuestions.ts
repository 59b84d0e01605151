import { z } from 'zod';
import { UpkeepError } from '../upkeep/upkeepError.ts';

const text = z.string().min(1);
const texts = z.array(text);
const mostImages = 1000;
// Each of them is a search of its own, or a pull.
const images = texts
  .min(1)
  .transform((list) => [...new Set(list)])
  .pipe(texts.max(mostImages, `expected at most ${mostImages} names or patterns`));
const flag = z.boolean().prefault(false);
/** In a query a name that is there once is no list. */
const repeated = z.preprocess((value) => (typeof value === 'string' ? [value] : value), texts);

/** What each route of the API takes; the JSON bodies of changes, the queries of the others. */
export const questions = {
  images: z.strictObject({ pattern: text.optional() }),
  image: z.strictObject({ name: text }),
  nothing: z.strictObject({}),
  purge: z.strictObject({ images, dryRun: flag }),
  gc: z.strictObject({ dryRun: flag }),
  verify: z.strictObject({ rate: z.number().positive().optional(), restart: flag }),
  warm: z.strictObject({ images, platforms: texts.prefault([]) }),
  export: z.strictObject({ image: repeated, platform: repeated.prefault([]) }),
  import: z.strictObject({ name: text.optional() }),
} as const;

/**
 * Reads what a caller sent; `what` is the body or the query.
 * @throws {UpkeepError} `invalid`, with all that is wrong and what was expected
 */
export function readQuestion<Schema extends z.ZodType>(
  schema: Schema,
  what: 'body' | 'query',
  value: unknown,
): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) =>
    [what, ...path.map(String)].join('.').concat(': ', message),
  );
  throw new UpkeepError('invalid', problems.join('; '));
}
