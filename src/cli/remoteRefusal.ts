import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { UpkeepError, type UpkeepFailure } from '../upkeep/upkeepError.ts';

/** The mirror's API is not for this caller; the message says what to do about it. */
export class AccessRefusal extends UpkeepError {
  constructor(message: string) {
    super('failed', message);
    this.name = 'AccessRefusal';
  }
}

const failures = ['invalid', 'not_found', 'incomplete', 'busy', 'failed'] as const;
const errorShape = z.object({ code: z.string(), message: z.string() });
const answerShape = z.object({ error: errorShape });

/** What a refusal of the API at this address says, as the error that the store itself would have thrown. */
export async function refusalOf(
  { statusCode, body }: Dispatcher.ResponseData,
  base: URL,
): Promise<UpkeepError> {
  const read = answerShape.safeParse(await body.json().catch(() => undefined));
  if (read.success) return errorOf(read.data.error);
  return new UpkeepError(
    'failed',
    `${base.href} answers with status ${statusCode}: it is not the API of a pullthrough, or of an older one`,
  );
}

/** The error that an event of a stream stands for; `undefined` when it stands for none. */
export function errorIn(event: unknown): UpkeepError | undefined {
  const read = errorEventShape.safeParse(event);
  return read.success ? errorOf(read.data) : undefined;
}

const errorEventShape = errorShape.extend({ kind: z.literal('error') });

const places = '--token-file, or as ops.token or ops.tokenFile of the configuration';

function errorOf({ code, message }: z.output<typeof errorShape>): UpkeepError {
  const known = failures.find((failure): failure is UpkeepFailure => failure === code);
  if (code === 'unauthorized') return new AccessRefusal(`${message}: give it with ${places}`);
  if (code === 'forbidden')
    return new AccessRefusal(`${message}, which a command is given with ${places}`);
  return new UpkeepError(known ?? 'failed', message);
}
