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
  const problems = read.error.issues.map((issue) =>
    [what, ...issue.path.map(String)].join('.').concat(': ', problemOf(issue, schema)),
  );
  throw new UpkeepError('invalid', problems.join('; '));
}

/** What those who never heard of Zod can make something of. */
function problemOf(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const members = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys.map((key) => `unknown member ${JSON.stringify(key)}`).join(', ');
    return `${unknown}; known: ${members.join(', ') || 'none'}`;
  }
  if (issue.code === 'invalid_type' && issue.path.length === 0) {
    const example = Object.fromEntries(members.map((member) => [member, examples[member]]));
    return `expected an object such as ${JSON.stringify(example)}`;
  }
  return issue.message.replace(/^[^:]*: (?=expected )/, '');
}

const examples: Readonly<Record<string, unknown>> = {
  images: ['alpine:3.20'],
  platforms: ['linux/amd64'],
  dryRun: true,
  restart: true,
  rate: 50_000_000,
};
