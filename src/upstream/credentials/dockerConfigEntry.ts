import {
  isJsonObject,
  parseJsonObject,
  textOf,
  type JsonObject,
} from '../../registry/jsonObject.ts';
import type { Credential } from '../account.ts';
import { CredentialError } from './credentialError.ts';
import type { CredentialHelper } from './credentialHelper.ts';

/** What Docker's `config.json` says about a registry: a credential, or the helper that knows one. */
export type DockerConfigEntry =
  { readonly credential: Credential } | { readonly helper: CredentialHelper };

/**
 * Finds a registry in Docker's `config.json`, as `docker` does: its own helper, else the store for all of
 * them, else what is in the file. `names` are the registry's, the one first that a helper is asked for;
 * keys that are addresses count by their host. Throws a {@link CredentialError} when there is nothing.
 */
export function readDockerConfigEntry(
  content: Uint8Array,
  names: readonly string[],
): DockerConfigEntry {
  const config = parseJsonObject(content);
  if (config === undefined) throw new CredentialError('no JSON object');
  const [server = ''] = names;
  const helper = memberOf(config, 'credHelpers', names) ?? config['credsStore'];
  if (helper !== undefined && helper !== '')
    return { helper: { name: helperName(helper), server } };
  const auth = memberOf(config, 'auths', names);
  if (!isJsonObject(auth)) throw new CredentialError(`no credential for ${server}`);
  return { credential: credentialOf(auth, server) };
}

function memberOf(config: JsonObject, section: string, names: readonly string[]): unknown {
  const members = config[section];
  if (!isJsonObject(members)) return undefined;
  for (const name of names) {
    const key = Object.keys(members).find((candidate) => candidate === name);
    const near =
      key ?? Object.keys(members).find((candidate) => hostOf(candidate) === hostOf(name));
    if (near !== undefined) return members[near];
  }
  return undefined;
}

/** As docker's ConvertToHostname: an address without its scheme and path. */
function hostOf(key: string): string {
  return key
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/s, '');
}

/** The name becomes a part of a program's: it must not lead to another directory. */
function helperName(name: unknown): string {
  if (typeof name === 'string' && /^\w[\w.-]*$/.test(name)) return name;
  throw new CredentialError('a credential helper with a name that is none');
}

function credentialOf(auth: JsonObject, server: string): Credential {
  if (textOf(auth, 'identitytoken')) {
    throw new CredentialError(
      `an identity token for ${server}, which is not supported: log in with an access token`,
    );
  }
  const encoded = textOf(auth, 'auth');
  const [username, secret] = encoded
    ? pairOf(Buffer.from(encoded, 'base64').toString('utf8'))
    : [textOf(auth, 'username'), textOf(auth, 'password')];
  if (username && secret) return { username, secret };
  throw new CredentialError(`no user name and password for ${server}`);
}

function pairOf(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  // Docker once padded passwords with NUL.
  return [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1).replace(/\0+$/, '')];
}
