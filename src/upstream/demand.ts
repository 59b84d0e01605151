import { parseChallenges, type Challenge } from '../registry/challenge.ts';
import type { ResponseHeaders } from './headers.ts';

/** A registry that wants a token of a token service. */
export interface BearerDemand {
  readonly scheme: 'bearer';
  /** Where the token service is, as the registry said it: to be checked before it is asked. */
  readonly realm: string;
  readonly service: string | undefined;
  /** What the registry wants the token to be good for, separated by spaces. */
  readonly scope: string | undefined;
  /** Why the token that was sent is not enough (RFC 6750 §3.1). */
  readonly error: string | undefined;
}

/** A registry that wants a user name and password (RFC 7617). */
export interface BasicDemand {
  readonly scheme: 'basic';
}

/** What a 401 demands, as far as this mirror can meet it. */
export type Demand = BearerDemand | BasicDemand;

/**
 * The demand of a 401; Bearer where there is a choice, because the password stays with the token
 * service then. `undefined` when the answer makes none that can be met: gcr.io sends some 401
 * without `WWW-Authenticate`.
 */
export function readDemand(headers: ResponseHeaders): Demand | undefined {
  const challenges = parseChallenges(headers['www-authenticate']);
  const bearer = challenges.find(isUsableBearer);
  if (bearer !== undefined) return bearerDemand(bearer);
  return challenges.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined;
}

function isUsableBearer({ scheme, parameters }: Challenge): boolean {
  return scheme === 'bearer' && parameters['realm'] !== undefined;
}

function bearerDemand({ parameters }: Challenge): BearerDemand {
  const { realm = '', service, scope, error } = parameters;
  return { scheme: 'bearer', realm, service, scope, error };
}
