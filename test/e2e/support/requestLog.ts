import type { FinishedRequest } from '../../../src/mirror/requestObserver.ts';
import type { Mirror } from './mirror.ts';

/** A request as the mirror's log has it. */
export type LoggedRequest = Pick<
  FinishedRequest,
  'method' | 'path' | 'status' | 'user' | 'authenticatedBy' | 'rule'
> & { readonly reason?: string };

/** The requests that the mirror logged since its last start, oldest first. */
export function loggedRequests(mirror: Mirror): readonly LoggedRequest[] {
  return mirror
    .output()
    .split('\n')
    .filter((line) => line.includes('"msg":"request '))
    .map((line) => JSON.parse(line) as LoggedRequest);
}
