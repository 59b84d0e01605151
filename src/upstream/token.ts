import { parseJsonObject, textOf, type JsonObject } from '../registry/jsonObject.ts';

/** A token of a token service. */
export interface Token {
  /** The secret itself. */
  readonly text: string;
  /** When it was asked for, in milliseconds of the monotonic clock. */
  readonly obtainedAt: number;
  /** From when on another one is to be used. */
  readonly renewAt: number;
}

// Docker token authentication, "expires_in": 60 s when it is missing, and never less than that.
const shortestLife = 60;
const longestMargin = 30_000;

/**
 * Reads a token service's answer; `undefined` when there is no token in it that could be sent. Its
 * life counts from `askedAt`, because the service's clock may differ from ours. It is renewed when a
 * tenth of its life is left or 30 s, whichever is less: a request that waits for a connection should
 * still arrive with a living token, and of 60 s a fixed margin would waste half.
 */
export function readToken(bytes: Uint8Array, askedAt: number): Token | undefined {
  const reply = parseJsonObject(bytes);
  const text = reply && (textOf(reply, 'token') || textOf(reply, 'access_token'));
  if (reply === undefined || text === undefined || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  const life = lifeOf(reply) * 1000;
  const margin = Math.min(longestMargin, life / 10);
  return { text, obtainedAt: askedAt, renewAt: askedAt + life - margin };
}

function lifeOf({ expires_in: seconds }: JsonObject): number {
  return typeof seconds === 'number' && seconds > shortestLife ? seconds : shortestLife;
}
