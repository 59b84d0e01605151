import { RegistryError } from '../registry/errors.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';

// Clients that honour Retry-After wait this long when the upstream did not say.
const defaultRetryAfter = 10;
const pullLimitRetryAfter = 60;
// Docker Hub's longest window is six hours; what is beyond it is nonsense.
const longestRetryAfter = 6 * 3600;

/**
 * What a client is told when the upstream was needed and failed. 503 lets containerd go to its next
 * host at once, where a 429 would be repeated five times first; 429 is for the pull limit alone.
 */
export function clientErrorFor(error: UpstreamError): RegistryError {
  if (error.failure === 'pull_limit') {
    return new RegistryError('TOOMANYREQUESTS', {
      message: `the pull limit at ${error.host} is used up`,
      retryAfter: Math.min(error.retryAfter ?? pullLimitRetryAfter, longestRetryAfter),
      cause: error,
    });
  }
  return new RegistryError('UNAVAILABLE', {
    message: `not held here, and ${error.host} can't be asked now`,
    retryAfter: Math.min(error.retryAfter ?? defaultRetryAfter, longestRetryAfter),
    cause: error,
  });
}

/** An error as a client is told of it; what is no fault of an upstream stays as it is. */
export function asClientError(error: unknown): unknown {
  return error instanceof UpstreamError ? clientErrorFor(error) : error;
}

/** What a client is told when something is not held and the operator forbade to ask an upstream. */
export function offlineError(host: string): RegistryError {
  return new RegistryError('UNAVAILABLE', {
    message: `not held here, and this mirror is set to be offline: it does not ask ${host}`,
  });
}

/**
 * Lets pass what the upstream is to be asked for.
 * @throws {RegistryError} `UNAVAILABLE`, where the operator forbade it, or nobody can say whether the repository is
 * still public: an answer to our account would then be for somebody who may have no right to it
 */
export function requireAskable({ host, audience }: MirroredRepository, offline: boolean): void {
  if (offline) throw offlineError(host);
  if (audience === 'unconfirmed') throw unconfirmedError(host);
}

/** What a client is told of a repository that was public, while the upstream can't say whether it is. */
export function unconfirmedError(host: string): RegistryError {
  const why = "can't be asked anonymously whether the repository is public";
  return clientErrorFor(new UpstreamError(host, 'unreachable', why));
}

/** What a client is told of an image that is not all here, while its upstream can't be counted on. */
export function incompleteError(host: string): RegistryError {
  return new RegistryError('UNAVAILABLE', {
    message: `not all of it is held here, and ${host} can't be asked for the rest now`,
    retryAfter: defaultRetryAfter,
    cause: new UpstreamError(host, 'unreachable', "can't be counted on for the rest of an image"),
  });
}

/** Whether a client is to be told that what it wants may exist and can't be had now. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof RegistryError)) return false;
  return error.code === 'UNAVAILABLE' || error.code === 'TOOMANYREQUESTS';
}

/** The upstream's fault that an error is, or that a client is told about by it. */
export function upstreamErrorIn(error: unknown): UpstreamError | undefined {
  if (error instanceof UpstreamError) return error;
  const told = error instanceof RegistryError ? error.cause : undefined;
  return told instanceof UpstreamError ? told : undefined;
}

/** Whether an upstream said that a repository is private or gone. */
export function isRepositoryGone(error: unknown): error is RegistryError {
  return error instanceof RegistryError && error.code === 'NAME_UNKNOWN';
}
