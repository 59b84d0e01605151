import type { Logger } from 'pino';
import type { FinishedRequest } from '../mirror/requestObserver.ts';
import { RegistryError } from '../registry/errors.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';

/** Writes one line for a finished request: a warning when the fault is on this side, else info. */
export function logRequest(logger: Logger, request: FinishedRequest): void {
  const level = request.status >= 500 ? 'warn' : 'info';
  logger[level](members(request), request.aborted ? 'request aborted' : 'request finished');
}

function members(request: FinishedRequest): Record<string, unknown> {
  return {
    method: request.method,
    path: request.path,
    upstream: request.upstream,
    outcome: request.outcome,
    status: request.status,
    bytes: request.bytesSent,
    durationMs: Math.round(request.durationSeconds * 1e6) / 1e3,
    client: request.client,
    requestId: request.requestId,
    ...(request.handedOver ? { handedOver: true } : {}),
    ...(request.aborted ? { aborted: true } : {}),
    ...explanation(request.error),
  };
}

// A missing tag or a registry that is down is daily life: sentences say it all. A stack is for faults
// of this program.
function explanation(error: unknown): Record<string, unknown> {
  if (error === undefined) return {};
  return isDailyLife(error) ? { reason: sentences(error) } : { err: error };
}

function isDailyLife(error: unknown): error is Error {
  if (error instanceof RegistryError) return error.code !== 'UNKNOWN';
  return error instanceof UpstreamError;
}

/** What an error says, and what the ones behind it say. */
function sentences({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${sentences(cause)}` : message;
}
