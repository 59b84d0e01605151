import { request, type Dispatcher } from 'undici';
import type { ImageContent } from '../images.ts';
import type { Account } from './accounts.ts';
import type { ScriptedHub } from './scriptedHub.ts';

/** A client with no mind of its own: one call, one request, no redirect followed, nothing retried. */
export interface PlainClient {
  /** A token for one repository, or what the token service says instead. */
  readonly token: (repository: string, account?: Account) => Promise<PlainReply>;
  /** Fetches from the registry with a fresh token for the repository that the path names. */
  readonly pull: (
    path: string,
    options?: PlainOptions & { account?: Account },
  ) => Promise<PlainReply>;
  /** Fetches any address. */
  readonly fetch: (url: string, options?: PlainOptions) => Promise<PlainReply>;
}

/** What a request may carry. */
export interface PlainOptions {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Record<string, string>;
}

/** An answer of which all has been read. */
export interface PlainReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: () => unknown;
}

/** A client of one Hub. */
export function plainClient(hub: ScriptedHub): PlainClient {
  const token = (repository: string, account?: Account) => {
    const query = new URLSearchParams({
      service: 'registry.docker.io',
      scope: `repository:${repository}:pull`,
    });
    const headers = account === undefined ? {} : { authorization: basic(account) };
    return fetchPlainly(`${hub.tokenUrl}/token?${query.toString()}`, { headers });
  };
  return {
    token,
    fetch: fetchPlainly,
    pull: async (path, { account, ...options } = {}) => {
      const reply = await token(repositoryOf(path), account);
      const { token: bearer } = reply.json() as { token: string };
      const headers = { authorization: `Bearer ${bearer}`, ...options.headers };
      return fetchPlainly(`${hub.registryUrl}${path}`, { ...options, headers });
    },
  };
}

/** An `Authorization` header for an account (RFC 7617). */
export function basic({ username, password }: Account): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The path of an image's manifest. */
export function manifestPath(repository: string, image: ImageContent): string {
  return `/v2/${repository}/manifests/${image.manifest.digest}`;
}

async function fetchPlainly(url: string, options: PlainOptions = {}): Promise<PlainReply> {
  const { statusCode, headers, body } = await request(url, options);
  const bytes = Buffer.from(await body.arrayBuffer());
  const text = bytes.toString();
  return {
    status: statusCode,
    headers: headers as Record<string, string | undefined>,
    bytes,
    text,
    json: () => JSON.parse(text) as unknown,
  };
}

function repositoryOf(path: string): string {
  return (
    /^\/v2\/(?<name>.+)\/(?:manifests|blobs|tags|referrers)\//.exec(path)?.groups?.['name'] ?? ''
  );
}
