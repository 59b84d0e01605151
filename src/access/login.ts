/** User name and password as a client sent them; not checked. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

const basic = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** What neither a user name nor a password has: RFC 7617, section 2. */
export const controlCharacter = /\p{Cc}/u;

/**
 * Reads the credentials of an `Authorization` field by RFC 7617, in UTF-8; `undefined` for another scheme, for
 * what is malformed, and where user name and password are both empty, as containers/image sends them when it
 * has none.
 */
export function readBasic(authorization: string | undefined): Login | undefined {
  const [, encoded] = basic.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = decode(encoded);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0 || text === ':' || controlCharacter.test(text))
    return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The text of which this is the Base64; `undefined` unless it is exactly that. */
function decode(encoded: string): string | undefined {
  const text = Buffer.from(encoded, 'base64').toString();
  // Not so for Base64 that is cut short, and for bytes that are no UTF-8.
  return Buffer.from(text).toString('base64') === encoded ? text : undefined;
}
