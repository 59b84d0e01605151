import type { UpstreamStatus } from './upstreamObserver.ts';

const named: ReadonlyMap<number, UpstreamStatus> = new Map([
  [401, '401'],
  [403, '403'],
  [404, '404'],
  [429, '429'],
]);

/** The metric's value for a status. A redirect is only ever counted where it is what was wanted. */
export function statusBucket(status: number): UpstreamStatus {
  const bucket = named.get(status);
  if (bucket !== undefined) return bucket;
  if (status < 400) return '2xx';
  return status < 500 ? '4xx' : '5xx';
}
