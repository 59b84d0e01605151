import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** The three servers that Docker Hub consists of, as far as a pull is concerned. */
export type OriginName = 'token' | 'registry' | 'cdn';

/** What a request is for. `other`: no route of a registry, or a method that a pull has no use for. */
export type Operation =
  | 'token'
  | 'ping'
  | 'manifest_head'
  | 'manifest_get'
  | 'blob_head'
  | 'blob_get'
  | 'cdn_get'
  | 'tags'
  | 'referrers'
  | 'other';

/** A request as the scripted Hub understood it. Faults may hand on a changed copy. */
export interface HubRequest {
  readonly origin: OriginName;
  readonly operation: Operation;
  readonly method: string;
  /** Percent-decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The client's address. */
  readonly source: string;
  /** When it came, in ms since 1970 by the Hub's clock. */
  readonly time: number;
  /** Of a token request: the repository of its scope, where it names one only. */
  readonly repository?: string;
  /** The tag or digest asked for. */
  readonly reference?: string;
}

/** What a path asks for. */
type Route = Pick<HubRequest, 'operation' | 'repository' | 'reference'>;

const registryPath = /^\/v2\/(?<repository>.+)\/(?<kind>manifests|blobs|referrers)\/(?<ref>[^/]+)$/;
const tagsPath = /^\/v2\/(?<repository>.+)\/tags\/list$/;
const cdnPath = /^\/blobs\/(?<algorithm>[a-z0-9]+)\/(?<hex>[0-9a-f]+)\/data$/;
const operations = {
  manifests: { GET: 'manifest_get', HEAD: 'manifest_head' },
  blobs: { GET: 'blob_get', HEAD: 'blob_head' },
  referrers: { GET: 'referrers', HEAD: 'other' },
} as const;

/** Reads what Node's server has received. */
export function readRequest(
  origin: OriginName,
  incoming: IncomingMessage,
  time: number,
): HubRequest {
  const { method = '', headers } = incoming;
  const { pathname, searchParams } = new URL(`http://hub${incoming.url ?? '/'}`);
  const path = decodeURIComponent(pathname);
  const source = incoming.socket.remoteAddress ?? '';
  const query = searchParams;
  const route = routers[origin](method, path, query);
  return { origin, method, path, query, headers, source, time, ...route };
}

/** A copy of the request without some of its headers. */
export function withoutHeaders(request: HubRequest, ...names: string[]): HubRequest {
  const kept = Object.entries(request.headers).filter(([name]) => !names.includes(name));
  return { ...request, headers: Object.fromEntries(kept) };
}

/** The path of a blob on the CDN; {@link readRequest} reads it back. */
export function cdnPathOf(digest: string): string {
  return `/blobs/${digest.replace(':', '/')}/data`;
}

const routers: Record<OriginName, (method: string, path: string, query: URLSearchParams) => Route> =
  {
    token: (method, path, query) => {
      if (method !== 'GET' || path !== '/token') return { operation: 'other' };
      const names = query.getAll('scope').map((scope) => scope.split(':')[1]);
      const [repository] = names;
      const isSingle = names.length === 1 && repository !== undefined;
      return { operation: 'token', ...(isSingle ? { repository } : {}) };
    },
    registry: (method, path) => {
      if (method !== 'GET' && method !== 'HEAD') return { operation: 'other' };
      if (path === '/v2/' || path === '/v2') return { operation: 'ping' };
      const tags = tagsPath.exec(path)?.groups;
      if (tags !== undefined) {
        return { operation: 'tags', repository: tags['repository'] ?? '' };
      }
      const groups = registryPath.exec(path)?.groups;
      if (groups === undefined) return { operation: 'other' };
      const operation = operations[groups['kind'] as keyof typeof operations][method];
      return { operation, repository: groups['repository'] ?? '', reference: groups['ref'] ?? '' };
    },
    cdn: (method, path) => {
      const groups = cdnPath.exec(path)?.groups;
      if (groups === undefined || method === 'POST') return { operation: 'other' };
      return { operation: 'cdn_get', reference: `${groups['algorithm']}:${groups['hex']}` };
    },
  };
