import type { LookupFunction } from 'node:net';
import { EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici';
import { isLostConnection } from './networkFailure.ts';
import { ReceiveBuffers } from './receiveBuffers.ts';

/** Time-outs in milliseconds, and how many connections each origin gets. */
export interface AgentLimits {
  readonly connectTimeout: number;
  readonly keepAliveTimeout: number;
  readonly apiConnections: number;
  readonly apiHeadersTimeout: number;
  readonly apiBodyTimeout: number;
  readonly blobConnections: number;
  readonly blobHeadersTimeout: number;
  /** Between two pieces of a blob. */
  readonly blobBodyTimeout: number;
}

// What a socket holds while its reader is made to wait: a read or two.
const transferAhead = 512 * 1024;

/** Shorter than what clients wait: containerd ≥ 2.3 gives up when headers take 30 s. */
const defaultAgentLimits: AgentLimits = {
  connectTimeout: 5_000,
  keepAliveTimeout: 30_000,
  apiConnections: 64,
  apiHeadersTimeout: 10_000,
  apiBodyTimeout: 10_000,
  // A transfer holds its connection, so that one too many has to wait for another's end.
  blobConnections: 256,
  blobHeadersTimeout: 15_000,
  blobBodyTimeout: 15_000,
};

/** `HTTPS_PROXY` or `HTTP_PROXY` can't be read. Its value may hold a password: the message has none of it. */
export class ProxyAddressError extends Error {
  constructor(name: string) {
    super(`${name}: expected the address of a proxy, such as http://proxy.example:3128`);
    this.name = 'ProxyAddressError';
  }
}

/** What the agents are made from. */
export interface UpstreamAgentsOptions {
  /** Where `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are, in either case; lower case wins. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Resolves the names that are connected to directly; those behind a proxy are resolved by it. */
  readonly lookup: LookupFunction;
  readonly limits?: Partial<AgentLimits>;
  /** Told of each connection for small answers that the far side closed or reset, idle ones too. */
  readonly apiConnectionLost?: () => void;
}

/**
 * The connections to one upstream: `api` for small answers, `blob` for transfers, so that transfers
 * never keep a manifest waiting. Beyond the bound of an origin, requests queue with their time running:
 * whoever sends them has to stay below it.
 */
export class UpstreamAgents {
  readonly api: Dispatcher;
  readonly blob: Dispatcher;
  /** What holds for them. */
  readonly limits: AgentLimits;
  /** What transfers are received into. */
  readonly received = new ReceiveBuffers();

  constructor({ environment, lookup, limits, apiConnectionLost }: UpstreamAgentsOptions) {
    const all = { ...defaultAgentLimits, ...limits };
    this.limits = all;
    const shared = {
      connectTimeout: all.connectTimeout,
      keepAliveTimeout: all.keepAliveTimeout,
    };
    const api = {
      ...shared,
      connections: all.apiConnections,
      headersTimeout: all.apiHeadersTimeout,
      bodyTimeout: all.apiBodyTimeout,
    };
    this.api = createAgent(environment, { lookup }, api, apiConnectionLost);
    const { onread } = this.received;
    const socket = { lookup, onread, highWaterMark: transferAhead };
    this.blob = createAgent(environment, socket, {
      ...shared,
      connections: all.blobConnections,
      headersTimeout: all.blobHeadersTimeout,
      bodyTimeout: all.blobBodyTimeout,
    });
  }

  /** Ends everything at once. */
  async destroy(): Promise<void> {
    await Promise.all([this.api.destroy(), this.blob.destroy()]);
  }
}

/**
 * HTTP/1.1 alone: undici's HTTP/2 windows let one transfer over a 40 ms line have 6 MiB/s where
 * HTTP/1.1 has over 200, and Docker Hub's registry-1 speaks nothing newer. undici 8 hands
 * none of the options on to the connections that a proxy itself is asked over, hence the factories.
 */
function createAgent(
  environment: UpstreamAgentsOptions['environment'],
  socket: Readonly<Record<string, unknown>>,
  options: Pool.Options,
  connectionLost?: () => void,
): Dispatcher {
  const http1 = { allowH2: false };
  const createPool = (origin: string | URL, given: object): Dispatcher =>
    new Pool(origin, { ...options, ...http1, ...given }).on('disconnect', (_origin, _by, error) => {
      if (isLostConnection(error)) connectionLost?.();
    });
  return new EnvHttpProxyAgent({
    ...options,
    ...http1,
    ...proxiesOf(environment),
    connect: { ...socket },
    proxyTls: http1,
    factory: createPool,
    clientFactory: createPool,
  });
}

/**
 * Where `HTTPS_PROXY` is missing, undici lets `HTTP_PROXY` serve https as well. Absent is an empty
 * text here: for `undefined`, undici would look into the environment of the process instead.
 */
function proxiesOf(environment: UpstreamAgentsOptions['environment']): {
  httpProxy: string;
  httpsProxy: string;
  noProxy: string;
} {
  const read = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  return {
    httpProxy: proxyAddress('HTTP_PROXY', read('HTTP_PROXY')),
    httpsProxy: proxyAddress('HTTPS_PROXY', read('HTTPS_PROXY')),
    noProxy: read('NO_PROXY'),
  };
}

/** `proxy:3128` without a scheme is accepted, as curl and Docker accept it. It may hold a password: no echo. */
function proxyAddress(name: string, value: string): string {
  const address = value === '' || value.includes('://') ? value : `http://${value}`;
  if (address !== '' && !URL.canParse(address)) throw new ProxyAddressError(name);
  return address;
}
