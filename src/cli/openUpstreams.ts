import type { Configuration, UpstreamConfiguration } from '../config/configuration.ts';
import { dockerHubAliases, dockerHubHost } from '../config/dockerHub.ts';
import { MirroredUpstreams, type MirroredUpstream } from '../mirror/mirroredUpstream.ts';
import { accountName, type Account } from '../upstream/account.ts';
import { openUpstream } from '../upstream/openUpstream.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { UpstreamObserver } from '../upstream/upstreamObserver.ts';
import { programVersion } from './version.ts';

/** The configured upstreams with their connections. */
export interface OpenedUpstreams {
  readonly upstreams: MirroredUpstreams;
  /** Ends every transfer at once. */
  destroy(): Promise<void>;
}

/** Puts the upstreams together; `now` is a clock in milliseconds that only goes forward. Asks none yet. */
export function openUpstreams(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
  observer: UpstreamObserver,
  now: () => number,
): OpenedUpstreams {
  const userAgent = `pullthrough/${programVersion()}`;
  const destroyers: Array<() => Promise<void>> = [];
  const open = (of: UpstreamConfiguration, accounts: readonly Account[]): Upstream => {
    const { host, url, trustedHosts } = of;
    const shared = { host, url, trustedHosts, userAgent, environment, observer, now };
    const { upstream, agents } = openUpstream({ ...shared, accounts });
    destroyers.push(() => agents.destroy());
    return upstream;
  };
  const mirrored = configuration.upstreams.map((upstream): MirroredUpstream => ({
    upstream: open(upstream, accountsOf(upstream)),
    ...(needsAnonymous(upstream, configuration) ? { anonymous: open(upstream, []) } : {}),
    policy: { tagFreshness: upstream.tagFreshness, staleIfError: upstream.staleIfError },
    aliases: upstream.host === dockerHubHost ? dockerHubAliases : [],
    impliesLibrary: upstream.host === dockerHubHost,
  }));
  return {
    upstreams: new MirroredUpstreams(mirrored, configuration.defaultUpstream),
    destroy: async () => {
      await Promise.all(destroyers.map((destroy) => destroy()));
    },
  };
}

/** The names under which an upstream is asked; `anonymous` stands for asking without an account. */
export function accountNames(
  upstream: UpstreamConfiguration,
  configuration: Configuration,
): readonly string[] {
  const names = upstream.accounts.map(({ username }) => username);
  return needsAnonymous(upstream, configuration) ? [...names, accountName(undefined)] : names;
}

/** Private repositories are told by asking as somebody who has no account. */
function needsAnonymous({ accounts }: UpstreamConfiguration, { access }: Configuration): boolean {
  return accounts.length > 0 && access.private === 'deny';
}

function accountsOf({ accounts }: UpstreamConfiguration): Account[] {
  return accounts.map(({ username, token }) => ({ name: username, secret: () => token.reveal() }));
}
