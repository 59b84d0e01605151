import type { Account, Accounts } from './accounts.ts';
import type { Clock } from './hubSettings.ts';
import { errorReply, type Reply } from './reply.ts';

/** What a test can do to the pull limits. */
export interface PullLimitControls {
  /** So many pulls are left to a user name, or to `anonymous` clients, in a window that begins now. */
  setRemaining(party: string, remaining: number): void;
}

/** Who asks: the account, or the address of an anonymous client. */
export interface Puller {
  readonly account: Account | undefined;
  readonly source: string;
}

/** Docker Hub's count of manifest GETs, by account and else by address. */
export interface PullLimits {
  readonly controls: PullLimitControls;
  /** The headers that an answer about a manifest carries. */
  headers(puller: Puller): Record<string, string>;
  /** `docker-ratelimit-source` alone, which Docker Hub sends on every answer of the registry. */
  sourceHeader(puller: Puller): Record<string, string>;
  /** Counts one pull. */
  count(puller: Puller): void;
  /** The 429 for whoever has none left. */
  refusal(puller: Puller): Reply | undefined;
}

interface Window {
  used: number;
  /** In ms since 1970. */
  readonly endsAt: number;
}

const windowSeconds = 21_600;
const pullLimits = { anonymous: 100, personal: 200 };

/** Limits of which nothing is used yet. */
export function createPullLimits(accounts: Accounts, clock: Clock): PullLimits {
  const windows = new Map<string, Window>();
  const start = (party: string, used: number) => {
    const window = { used, endsAt: clock() + windowSeconds * 1000 };
    windows.set(party, window);
    return window;
  };
  const windowOf = (party: string) => {
    const window = windows.get(party);
    return window === undefined || window.endsAt <= clock() ? start(party, 0) : window;
  };
  const remaining = (puller: Puller) =>
    Math.max(0, limitOf(puller.account) - windowOf(partyOf(puller)).used);
  const sourceHeader = ({ account, source }: Puller) => ({
    'docker-ratelimit-source': account === undefined ? source : accounts.sourceOf(account),
  });
  return {
    sourceHeader,
    headers: (puller) => {
      if (isUnlimited(puller)) return sourceHeader(puller);
      return { ...limitHeaders(puller.account, remaining(puller)), ...sourceHeader(puller) };
    },
    count: (puller) => {
      windowOf(partyOf(puller)).used += 1;
    },
    refusal: (puller) => {
      if (isUnlimited(puller) || remaining(puller) > 0) return undefined;
      return pullLimitReply(puller.account);
    },
    controls: {
      setRemaining: (party, left) => {
        start(party, (party === 'anonymous' ? pullLimits.anonymous : pullLimits.personal) - left);
      },
    },
  };
}

/** Docker Hub's answer to a manifest GET beyond the pull limit; no `Retry-After` was ever seen on it. */
export function pullLimitReply(account: Account | undefined): Reply {
  const where = 'https://www.docker.com/increase-rate-limit';
  const message =
    account === undefined
      ? `You have reached your unauthenticated pull rate limit. ${where}`
      : `You have reached your pull rate limit as '${account.username}': dckr_jti_scripted. You may increase the limit by upgrading. ${where}`;
  return errorReply(429, 'TOOMANYREQUESTS', message, { headers: limitHeaders(account, 0) });
}

function isUnlimited({ account }: Puller): boolean {
  return account?.plan === 'paid';
}

function limitHeaders(account: Account | undefined, remaining: number) {
  return {
    'ratelimit-limit': `${limitOf(account)};w=${windowSeconds}`,
    'ratelimit-remaining': `${remaining};w=${windowSeconds}`,
  };
}

function limitOf(account: Account | undefined): number {
  return account === undefined ? pullLimits.anonymous : pullLimits.personal;
}

/** Every test runs from one address, so the anonymous clients share one count. */
function partyOf({ account }: Puller): string {
  return account?.username ?? 'anonymous';
}
