/** User name and password as a client sent them; not checked. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * Reads HTTP Basic (RFC 7617, section 2); `undefined` for other schemes, for what is malformed, and for a user
 * without name and password, which containers/image sends when it has none.
 */
export function readBasic(authorization: string | undefined): Login | undefined {
  const [, encoded] = /^basic +([a-z0-9+/]+={0,2}) *$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon === -1 || text.length === 1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
