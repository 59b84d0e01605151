import { UpkeepError, type UpkeepFailure } from '../upkeep/upkeepError.ts';
import { redactSecrets } from './redactSecrets.ts';

/** What went wrong, as the API names it. */
export type ApiErrorCode = UpkeepFailure | 'unauthorized' | 'forbidden';

/** A caller may not do what it asks for; the message says what it takes. */
export class ApiRefusal extends Error {
  readonly code: 'unauthorized' | 'forbidden';

  constructor(code: 'unauthorized' | 'forbidden', message: string) {
    super(message);
    this.name = 'ApiRefusal';
    this.code = code;
  }
}

/** An error as the API answers it. */
export interface ApiErrorAnswer {
  readonly status: number;
  readonly code: ApiErrorCode;
  readonly message: string;
}

const statuses: Readonly<Record<ApiErrorCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  incomplete: 409,
  busy: 409,
  failed: 503,
};

/** What a caller is told of an error. What nobody foresaw says nothing of itself: it is for the log. */
export function answerTo(error: unknown): ApiErrorAnswer {
  if (error instanceof UpkeepError) return answer(error.failure, error.message);
  if (error instanceof ApiRefusal) return answer(error.code, error.message);
  const refused = refusedByFastify(error);
  if (refused !== undefined) return { ...answer('invalid', refused.message), ...refused };
  return { ...answer('failed', 'the mirror failed at it; its log says why'), status: 500 };
}

/** Whether the operator has to know of it: it is no answer to what the caller did. */
export function isFault(error: unknown): boolean {
  return answerTo(error).status >= 500;
}

function answer(code: ApiErrorCode, message: string): ApiErrorAnswer {
  return { status: statuses[code], code, message: redactSecrets(message) };
}

const contentTypeMessage = 'expected a body with Content-Type: application/json';

/** A body that is too large or of another type never gets to a route. */
function refusedByFastify(error: unknown): { status: number; message: string } | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const status = Number(error.statusCode);
  if (!(status >= 400 && status < 500)) return undefined;
  return { status, message: status === 415 ? contentTypeMessage : error.message };
}
