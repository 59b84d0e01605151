import type { Configuration, UpstreamConfiguration } from '../config/configuration.ts';
import { dockerHubAliases, dockerHubHost } from '../config/dockerHub.ts';
import {
  MirroredUpstreams,
  type MirroredUpstream,
  type UpstreamPolicy,
} from '../mirror/mirroredUpstream.ts';
import type { NamespaceRule } from '../mirror/namespaces.ts';
import { RepositoryList } from '../mirror/repositoryList.ts';
import { accountName } from '../upstream/account.ts';
import {
  openUpstream,
  type OpenedUpstream,
  type OpenUpstreamOptions,
} from '../upstream/openUpstream.ts';
import type { UpstreamObserver } from '../upstream/upstreamObserver.ts';
import { labelOf, openAccount, type AccountSurroundings } from './openAccount.ts';
import { programVersion } from './version.ts';

/** The configured upstreams with their connections. */
export interface OpenedUpstreams {
  readonly upstreams: MirroredUpstreams;
  /** Ends every transfer at once. */
  destroy(): Promise<void>;
}

/** Whom an upstream is asked as. */
type UpstreamRules = Pick<
  OpenUpstreamOptions,
  'accounts' | 'anonymousFallback' | 'reserve' | 'essential' | 'quotaProbe'
>;

/** Puts the upstreams together; `now` is a clock in milliseconds that only goes forward. Asks none yet. */
export function openUpstreams(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
  observer: UpstreamObserver,
  now: () => number,
): OpenedUpstreams {
  const userAgent = `pullthrough/${programVersion()}`;
  const destroyers: Array<() => Promise<void>> = [];
  const open = (of: UpstreamConfiguration, rules: UpstreamRules): OpenedUpstream => {
    const { host, url, trustedHosts } = of;
    const shared = { host, url, trustedHosts, userAgent, environment, observer, now };
    const opened = openUpstream({ ...shared, ...rules });
    destroyers.push(() => opened.destroy());
    return opened;
  };
  const surroundings = { environment, observer, now };
  const verifies = configuration.access.upstreamCredentials === 'verify';
  const mirrored = configuration.upstreams.map((of): MirroredUpstream => {
    const { upstream, credentials } = open(of, rulesOf(of, surroundings));
    return {
      upstream,
      // Also where nobody is asked what is private: what an account brought in is told from the rest by it.
      ...(of.accounts.length > 0 ? { anonymous: open(of, { accounts: [] }).upstream } : {}),
      // Those for Docker Hub, which clients have; shown to another registry they would be given away.
      ...(verifies && of.host === dockerHubHost ? { credentials } : {}),
      policy: policyOf(of),
      ...listOf(of),
      aliases: of.host === dockerHubHost ? dockerHubAliases : [],
      impliesLibrary: of.host === dockerHubHost,
    };
  });
  return {
    upstreams: new MirroredUpstreams(mirrored, configuration.defaultUpstream),
    destroy: async () => {
      await Promise.all(destroyers.map((destroy) => destroy()));
    },
  };
}

/** Without lists there is nothing to look into at each request. */
function listOf({ host, allow, deny }: UpstreamConfiguration): Pick<MirroredUpstream, 'list'> {
  return allow === undefined && deny.length === 0
    ? {}
    : { list: new RepositoryList({ allow, deny, impliesLibrary: host === dockerHubHost }) };
}

function policyOf(upstream: UpstreamConfiguration): UpstreamPolicy {
  const { tagRules, tagFreshness, staleIfError, absentFreshness } = upstream;
  return { tagRules, tagFreshness, staleIfError, absentFreshness };
}

/** The names under which an upstream is asked; `anonymous` stands for asking without an account. */
export function accountNames(
  upstream: UpstreamConfiguration,
  configuration: Configuration,
): readonly string[] {
  const names = upstream.accounts.map(labelOf);
  const isAskedAnonymously =
    checksVisibility(upstream, configuration) ||
    upstream.anonymousFallback ||
    upstream.accounts.every(({ repositories }) => repositories !== undefined);
  return isAskedAnonymously ? [...names, accountName(undefined)] : names;
}

/** Private repositories are told by asking as somebody who has no account. */
function checksVisibility({ accounts }: UpstreamConfiguration, { access }: Configuration): boolean {
  if (accounts.length === 0) return false;
  const isAsked = ({ visibility, private: own = access.private }: NamespaceRule): boolean =>
    visibility === 'upstream' && own !== 'allow';
  return access.private !== 'allow' || access.namespaces.some(isAsked);
}

function rulesOf(
  upstream: UpstreamConfiguration,
  surroundings: AccountSurroundings,
): UpstreamRules {
  const { host, accounts, anonymousFallback, reserve, essential, quotaProbe } = upstream;
  return {
    accounts: accounts.map((account) => openAccount(host, account, surroundings)),
    anonymousFallback,
    reserve,
    essential,
    quotaProbe,
  };
}
