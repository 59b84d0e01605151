/** What a log line tells of an error. */
export interface SerializedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly status?: number;
  readonly stack?: string;
  readonly cause?: SerializedError;
  /** The parts of an AggregateError, such as the attempts to reach each address of a host. */
  readonly errors?: readonly SerializedError[];
}

const deepestCause = 5;

/**
 * An error with its causes, by members that are known to be harmless: those of HTTP libraries carry
 * whole requests, headers and bodies along. Causes beyond the fifth are left out.
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error)) return { type: typeof error, message: describe(error) };
  const { code, status } = error as { code?: unknown; status?: unknown };
  const nested = (inner: unknown): SerializedError => serializeError(inner, depth + 1);
  const deeper = depth < deepestCause;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(deeper && error.cause !== undefined ? { cause: nested(error.cause) } : {}),
    ...(deeper && error instanceof AggregateError ? { errors: error.errors.map(nested) } : {}),
  };
}

function describe(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : `a thrown ${typeof thrown}`;
}
