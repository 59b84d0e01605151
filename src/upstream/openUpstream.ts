import { Accounts, type AccountRules } from './accounts.ts';
import { AddressRules } from './addressRules.ts';
import { Authorization } from './authorization.ts';
import { CallLane, type LaneCall } from './callLane.ts';
import { UpstreamCredentialCheck, type CredentialCheck } from './credentialCheck.ts';
import { guardedLookup, type ResolveName } from './guardedLookup.ts';
import { QuotaProbe, type Schedule } from './quotaProbe.ts';
import { Reachability } from './reachability.ts';
import { RegistryCalls } from './registryCalls.ts';
import { RegistryClient } from './registryClient.ts';
import { RegistryUpstream } from './registryUpstream.ts';
import { drain } from './responseBody.ts';
import { Tokens } from './tokens.ts';
import { requestToken } from './tokenService.ts';
import type { Upstream } from './upstream.ts';
import { UpstreamAgents, type AgentLimits } from './upstreamAgents.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { defaultUpstreamLimits, type UpstreamLimits } from './upstreamLimits.ts';
import type { UpstreamObserver } from './upstreamObserver.ts';

/** A registry as an operator describes it, and what it is asked with. */
export interface OpenUpstreamOptions extends AccountRules {
  /** The name that clients know it by, for instance `docker.io`. */
  readonly host: string;
  /** Its address, above `/v2/`: `https://registry-1.docker.io`. */
  readonly url: string;
  /** `host` or `host:port` of further places that it may name as token service or redirect to. */
  readonly trustedHosts: readonly string[];
  /** `pullthrough/<version>`. */
  readonly userAgent: string;
  /** The environment variables, for `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly observer: UpstreamObserver;
  /** A monotonic clock in milliseconds; `performance.now` unless given. */
  readonly now?: () => number;
  /** The time in ms since 1970; `Date.now` unless given. */
  readonly wallNow?: () => number;
  /** How names are resolved; the system's way unless given. */
  readonly resolve?: ResolveName;
  /** Milliseconds after the last reading of a pull limit until it is asked for again; 0, the default: never. */
  readonly quotaProbe?: number;
  /** What that is timed by. */
  readonly schedule?: Schedule;
  readonly limits?: Partial<UpstreamLimits>;
  readonly agentLimits?: Partial<AgentLimits>;
}

/** An upstream, and how to let go of its connections. */
export interface OpenedUpstream {
  readonly upstream: Upstream;
  /** Checks the credentials of others at the same registry. */
  readonly credentials: CredentialCheck;
  /** Ends every transfer at once, and what it does by itself. */
  readonly destroy: () => Promise<void>;
}

// Of the connections for small answers: lists are no part of a pull, and must not keep one waiting.
const listShare = 0.25;
// And what clients send to be checked must not keep either waiting.
const checkShare = 0.125;

/** Puts an upstream together. Asks nothing yet: the process starts while a registry is away. */
export function openUpstream(options: OpenUpstreamOptions): OpenedUpstream {
  const { host, now = () => performance.now() } = options;
  const base = new URL(options.url);
  const limits = { ...defaultUpstreamLimits, ...options.limits };
  const rules = new AddressRules({ host, base, trustedHosts: options.trustedHosts });
  const context: UpstreamContext = {
    host,
    userAgent: options.userAgent,
    rules,
    observer: options.observer,
    now,
    wallNow: options.wallNow ?? Date.now,
  };
  const reachability = new Reachability(context);
  const agents = new UpstreamAgents({
    environment: options.environment,
    lookup: guardedLookup(rules, options.resolve),
    apiConnectionLost: () => reachability.connectionLost(),
    ...(options.agentLimits === undefined ? {} : { limits: options.agentLimits }),
  });
  const accounts = new Accounts(options, context);
  const service = { context, accounts, dispatcher: agents.api, timeout: limits.tokenTimeout };
  const tokens = new Tokens({ request: (request) => requestToken(request, service), now });
  const authorization = new Authorization({ host, accounts, tokens });
  const calls = new RegistryCalls(base, agents);
  const client = new RegistryClient({ context, accounts, authorization, ping: calls.ping });
  const listConnections = Math.max(1, Math.floor(agents.limits.apiConnections * listShare));
  const checkConnections = Math.max(1, Math.floor(agents.limits.apiConnections * checkShare));
  const smallAnswers = {
    context,
    reachability,
    concernOf: ({ repository }: LaneCall) => repository ?? '',
    waitTimeout: limits.callWait,
    timeout: limits.callTimeout,
  };
  const others = listConnections + checkConnections;
  const connections = Math.max(1, agents.limits.apiConnections - others);
  const apiLane = new CallLane({ ...smallAnswers, circuit: 'api', connections });
  const listLane = new CallLane({ ...smallAnswers, circuit: 'list', connections: listConnections });
  const blobLane = new CallLane({
    context,
    circuit: 'blob',
    concernOf: ({ subject }) => subject,
    reachability,
    connections: agents.limits.blobConnections,
    waitTimeout: limits.blobWait,
    timeout: limits.blobTimeout,
  });
  const probe = new QuotaProbe({
    host,
    after: options.quotaProbe ?? 0,
    states: accounts.states,
    calls,
    ask: (state, call) =>
      apiLane.run(call, async (deadline) => {
        drain((await client.askAs(state, call, deadline)).body);
      }),
    now,
    ...(options.schedule === undefined ? {} : { schedule: options.schedule }),
  });
  const credentials = new UpstreamCredentialCheck({
    context,
    calls,
    dispatcher: agents.api,
    connections: checkConnections,
    limits,
    demanded: () => authorization.remembered,
  });
  const recycle = (piece: Buffer): void => agents.received.release(piece);
  const lanes = { apiLane, listLane, blobLane };
  const parts = { context, calls, client, limits, reachability, ...lanes, recycle };
  const destroy = async (): Promise<void> => {
    probe.stop();
    await agents.destroy();
  };
  return { upstream: new RegistryUpstream(parts), credentials, destroy };
}
