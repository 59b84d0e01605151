import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { AccessRules } from '../../src/access/accessRules.ts';
import { Admission, type AdmissionOptions } from '../../src/access/admission.ts';
import { LogIns, type LogInsOptions } from '../../src/access/logIns.ts';
import { createRegistryServer } from '../../src/http/registryServer.ts';
import { Mirror, type MirrorOptions } from '../../src/mirror/mirror.ts';
import { MirroredUpstreams, type MirroredUpstream } from '../../src/mirror/mirroredUpstream.ts';
import type { MirrorObserver } from '../../src/mirror/mirrorObserver.ts';
import { RepositoryList } from '../../src/mirror/repositoryList.ts';
import type { TagRule } from '../../src/mirror/tagFreshness.ts';
import type { FinishedRequest } from '../../src/mirror/requestObserver.ts';
import { parseGlob, type Glob } from '../../src/registry/glob.ts';
import { Store } from '../../src/store/store.ts';
import type { AccountRules } from '../../src/upstream/accounts.ts';
import { openUpstream } from '../../src/upstream/openUpstream.ts';
import type { AgentLimits } from '../../src/upstream/upstreamAgents.ts';
import type { UpstreamLimits } from '../../src/upstream/upstreamLimits.ts';
import type { UpstreamObserver } from '../../src/upstream/upstreamObserver.ts';
import { fixedAccount } from './fixedAccount.ts';
import { lastFirst, type Lifetime } from './lifetime.ts';
import { secretsSentBy } from './outgoing.ts';
import { assertHoldsNoSecret } from './secretMark.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

/** What a mirror under test stands before; the scripted Hub is one. */
export interface TestUpstream {
  readonly host?: string;
  readonly registryUrl: string;
  readonly tokenUrl?: string;
  readonly cdnUrl?: string;
}

/** How the mirror under test is set up; what is left out is as in production, but for the waiting. */
export interface TestMirrorOptions {
  readonly directory?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly account?: { readonly name: string; readonly secret: string };
  /** Several accounts, or one with rules; then without `account`. */
  readonly accountRules?: AccountRules;
  readonly privateAccess?: MirrorOptions['privateAccess'];
  readonly namespaces?: MirrorOptions['namespaces'];
  /** Patterns of repositories that are served, and those that are not. */
  readonly allow?: { readonly repositories: readonly string[]; readonly reason: string };
  readonly deny?: ReadonlyArray<{
    readonly repositories: readonly string[];
    readonly reason: string;
  }>;
  /** Who may pull what; without it, everybody what is open. */
  readonly access?: Partial<Omit<AdmissionOptions, 'visibility' | 'logIns'>> & LogInsOptions;
  readonly logInHosts?: readonly string[];
  readonly offline?: boolean;
  readonly tagFreshness?: number;
  readonly tagRules?: readonly TagRule[];
  readonly absentFreshness?: number;
  readonly staleIfError?: number;
  readonly maxSize?: number;
  readonly minFree?: number;
  readonly memory?: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicNow?: () => number;
  /** Milliseconds before each resume of a broken transfer. Default: three at once. */
  readonly resumeDelays?: readonly number[];
  /** How long calls to the upstreams may take, and how large their answers may be. */
  readonly limits?: Partial<UpstreamLimits>;
  /** Of the connections to the upstreams. */
  readonly agentLimits?: Partial<AgentLimits>;
}

/** Something that the mirror reported. */
export interface Observed {
  readonly what: string;
  readonly about: readonly unknown[];
}

/** A whole mirror, but for the process round it, on a port of its own. */
export interface TestMirror {
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  readonly store: Store;
  readonly mirror: Mirror;
  /** The requests that are over, oldest first. */
  readonly finished: readonly FinishedRequest[];
  /** What was reported of fills, bytes and upstreams, oldest first. */
  readonly observed: readonly Observed[];
  /** Takes the catalog away under the running mirror. */
  closeStore(): Promise<void>;
  /** Ends it as a stop of the process would. The directory stays. */
  stop(): Promise<void>;
}

const hour = 3_600_000;

/** Starts a mirror before these upstreams; the first one is the default. */
export async function startMirror(
  t: Lifetime,
  upstreams: TestUpstream | readonly TestUpstream[],
  options: TestMirrorOptions = {},
): Promise<TestMirror> {
  const lifetime = lastFirst(t);
  const directory = options.directory ?? (await temporaryDirectory(lifetime));
  const { now = Date.now } = options;
  const observed: Observed[] = [];
  const finished: FinishedRequest[] = [];
  const observer = recordingObserver(observed);
  const { monotonicNow = () => performance.now() } = options;
  const list = 'registryUrl' in upstreams ? [upstreams] : upstreams;
  const opened = list.map((upstream) => openTestUpstream(upstream, options, observer));
  const store = await Store.open(directory, {
    maxSize: options.maxSize,
    minFree: options.minFree ?? 0,
    memory: options.memory ?? 1024 * 1024,
    now,
    evicted: (...about) => observed.push({ what: 'evicted', about }),
    failed: (...about) => observed.push({ what: 'failed', about }),
  });
  const mirror = new Mirror({
    store,
    upstreams: new MirroredUpstreams(
      opened.map(({ mirrored }) => mirrored),
      opened[0]?.mirrored.upstream.host ?? '',
    ),
    observer,
    privateAccess: options.privateAccess ?? 'deny',
    namespaces: options.namespaces ?? [],
    offline: options.offline ?? false,
    now,
    monotonicNow,
    resumeDelays: options.resumeDelays ?? [0, 0, 0],
  });
  const server = createRegistryServer({
    mirror,
    admission: admissionTo(mirror, options.access),
    logInHosts: options.logInHosts ?? [],
    observer: { finished: (request) => finished.push(request) },
    monotonicNow,
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const secretsSent = secretsSentBy(server.server);
  let closing: Promise<void> | undefined;
  const closeStore = (): Promise<void> => (closing ??= store.close());
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      server.server.closeAllConnections();
      await server.close();
      await mirror.stop();
      await Promise.all(opened.map(({ destroy }) => destroy()));
      await closeStore();
      assert.deepEqual(secretsSent, [], 'the mirror sent a secret to a client');
      assertHoldsNoSecret('what the mirror reported', wholeTextOf([observed, finished]));
    })();
    return stopping;
  };
  lifetime.after(stop);
  const port = Number(new URL(url).port);
  return { url, port, directory, store, mirror, finished, observed, closeStore, stop };
}

function listOf({ allow, deny = [] }: TestMirrorOptions): RepositoryList {
  const listed = ({ repositories, reason }: NonNullable<TestMirrorOptions['allow']>) => ({
    repositories: globsOf(repositories),
    reason,
  });
  return new RepositoryList({
    allow: allow && listed(allow),
    deny: deny.map(listed),
    impliesLibrary: true,
  });
}

/** Patterns that are known to be right. */
export function globsOf(texts: readonly string[]): Glob[] {
  return texts.map((text) => {
    const glob = parseGlob(text);
    assert.ok(glob, `${text} is no pattern`);
    return glob;
  });
}

/** Who may pull what from a mirror: everybody what is open, but for what is said. */
export function admissionTo(mirror: Mirror, access: TestMirrorOptions['access'] = {}): Admission {
  const rules = new AccessRules([], []);
  const logIns = new LogIns(access);
  const { visibility } = mirror;
  return new Admission({ visibility, rules, logIns, anonymous: true, ...access });
}

function openTestUpstream(
  { host = 'docker.io', registryUrl, tokenUrl, cdnUrl }: TestUpstream,
  options: TestMirrorOptions,
  observer: UpstreamObserver,
): { mirrored: MirroredUpstream; destroy: () => Promise<void> } {
  const { account, now, monotonicNow } = options;
  const given = account === undefined ? [] : [fixedAccount(account.name, account.secret)];
  const { accountRules = { accounts: given } } = options;
  const open = (rules: AccountRules) =>
    openUpstream({
      ...rules,
      host,
      url: registryUrl,
      trustedHosts: [tokenUrl, cdnUrl].flatMap((url) => (url ? [new URL(url).host] : [])),
      userAgent: 'pullthrough/test',
      environment: {},
      observer,
      agentLimits: { keepAliveTimeout: 10, ...options.agentLimits },
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(now === undefined ? {} : { wallNow: now }),
      ...(monotonicNow === undefined ? {} : { now: monotonicNow }),
    });
  const ours = open(accountRules);
  const anonymous = accountRules.accounts.length === 0 ? undefined : open({ accounts: [] });
  return {
    mirrored: {
      upstream: ours.upstream,
      ...(options.access?.upstreamCredentials === undefined
        ? {}
        : { credentials: ours.credentials }),
      ...(anonymous === undefined ? {} : { anonymous: anonymous.upstream }),
      ...(options.allow === undefined && options.deny === undefined
        ? {}
        : { list: listOf(options) }),
      policy: {
        tagRules: options.tagRules ?? [],
        tagFreshness: options.tagFreshness ?? hour,
        absentFreshness: options.absentFreshness ?? 10_000,
        staleIfError: options.staleIfError ?? 24 * hour,
      },
      aliases: host === 'docker.io' ? ['index.docker.io', 'registry-1.docker.io'] : [],
      impliesLibrary: host === 'docker.io',
    },
    destroy: async () => {
      await ours.destroy();
      await anonymous?.destroy();
    },
  };
}

/** All that a log could show of it: members of every depth, causes and stacks of errors. */
function wholeTextOf(reports: unknown): string {
  const all = Number.POSITIVE_INFINITY;
  return inspect(reports, { depth: all, maxArrayLength: all, maxStringLength: all });
}

function recordingObserver(observed: Observed[]): MirrorObserver & UpstreamObserver {
  const record =
    (what: string) =>
    (...about: unknown[]): void => {
      observed.push({ what, about });
    };
  return {
    pulledBytes: record('pulledBytes'),
    fillResumed: record('fillResumed'),
    digestMismatched: record('digestMismatched'),
    fillFailed: record('fillFailed'),
    exchanged: record('exchanged'),
    answered: record('answered'),
    accountSetAside: record('accountSetAside'),
    accountBack: record('accountBack'),
    pullCounted: record('pullCounted'),
    throttled: record('throttled'),
    rateLimitRead: record('rateLimitRead'),
    credentialFailed: record('credentialFailed'),
    reachable: record('reachable'),
    circuitChanged: record('circuitChanged'),
  };
}
