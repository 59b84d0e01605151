import type { Dispatcher } from 'undici';
import { RegistryError } from '../registry/errors.ts';
import { basicAuthorization, type Account, type Credential } from './account.ts';
import type { Accounts } from './accounts.ts';
import { observeAnswer, observeFailure } from './callObserver.ts';
import { Deadline } from './deadline.ts';
import { exchange, type Incoming, type Outgoing } from './exchange.ts';
import { LogInRefused } from './logInRefused.ts';
import { mediaTypeOf } from './manifestAnswer.ts';
import { networkFailure } from './networkFailure.ts';
import { readRetryAfter } from './quota.ts';
import { onceMoreIfLost } from './repeat.ts';
import { drain, readBody } from './responseBody.ts';
import { throttled } from './throttle.ts';
import { readToken, type Token } from './token.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

/** What a token is asked with; two requests that are alike can share one. */
export interface TokenRequest {
  readonly account: Account | undefined;
  /** What the account logs in with; `undefined` where there is none. */
  readonly credential: Credential | undefined;
  /** As the registry's challenge said it, not yet checked. */
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
}

/** What the token service of one upstream is asked through. */
export interface TokenServiceOptions {
  readonly context: UpstreamContext;
  readonly accounts: Accounts;
  readonly dispatcher: Dispatcher;
  /** Milliseconds for one request, from its start to the end of its answer. */
  readonly timeout: number;
}

// Tokens have a few KiB.
const bodyLimit = 1024 * 1024;

/**
 * Gets a token (Docker token authentication, "Requesting a token"). Throws {@link LogInRefused} when
 * the account is not known there, `NAME_UNKNOWN` when it says that the repository is out of reach,
 * and an `UpstreamError` for everything else.
 */
export function requestToken(
  tokenRequest: TokenRequest,
  options: TokenServiceOptions,
): Promise<Token> {
  const { account, credential } = tokenRequest;
  const request = (): Promise<Token> => requestNow(tokenRequest, options);
  if (account === undefined || credential === undefined) return request();
  return options.accounts.logIn(account, credential.secret, request);
}

async function requestNow(
  tokenRequest: TokenRequest,
  options: TokenServiceOptions,
): Promise<Token> {
  const { context, timeout } = options;
  const subject = `token for ${tokenRequest.scopes.join(' ')}`;
  const deadline = new Deadline(timeout, () => {
    return new UpstreamError(context.host, 'unreachable', `${subject}: no answer in time`, {
      symptom: 'timed_out',
    });
  });
  try {
    const askedAt = context.now();
    const incoming = await ask(tokenRequest, subject, deadline.signal, options);
    if (incoming.status !== 200) throw await refusal(incoming, subject, tokenRequest, options);
    if (tokenRequest.account !== undefined) options.accounts.accept(tokenRequest.account);
    return await readReply(incoming, subject, askedAt, context);
  } finally {
    deadline.lift();
  }
}

async function ask(
  { account, credential, realm, service, scopes }: TokenRequest,
  subject: string,
  signal: AbortSignal,
  { context, dispatcher }: TokenServiceOptions,
): Promise<Incoming> {
  const url = context.rules.realm(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const outgoing: Outgoing = {
    subject,
    method: 'GET',
    url,
    headers: { accept: 'application/json' },
    authorization: credential && basicAuthorization(credential),
    redirects: 'same_origin',
    dispatcher,
    signal,
  };
  return await onceMoreIfLost(async () => {
    try {
      const incoming = await exchange(outgoing, context);
      observeAnswer({ operation: 'token' }, incoming, account, context);
      return incoming;
    } catch (error) {
      observeFailure({ operation: 'token' }, error, account, context);
      throw error;
    }
  });
}

async function readReply(
  { body }: Incoming,
  subject: string,
  askedAt: number,
  { host }: UpstreamContext,
): Promise<Token> {
  const bytes = await readBody(body, bodyLimit).catch((error: unknown) => {
    throw networkFailure({ host, subject, elsewhere: false }, error);
  });
  const token = bytes && readToken(bytes, askedAt);
  if (token !== undefined) return token;
  throw new UpstreamError(host, 'server_error', `${subject}: the answer holds no token`);
}

/**
 * ghcr.io answers 401 or 403 here for a repository that is private or missing, where Docker Hub
 * grants a token that is good for nothing. With an account, a 401 is about the log-in instead.
 */
async function refusal(
  incoming: Incoming,
  subject: string,
  { account, credential }: TokenRequest,
  { context, accounts }: TokenServiceOptions,
): Promise<Error> {
  const { status } = incoming;
  if (status === 429) return await throttled(incoming, subject, account, context);
  drain(incoming.body);
  if (status === 401 && account !== undefined) {
    accounts.refuse(account, credential?.secret);
    return new LogInRefused(account);
  }
  // A page of HTML is of a firewall before it, and says nothing about a repository.
  const isPage = mediaTypeOf(incoming.headers) === 'text/html';
  if ((status === 401 || status === 403) && !isPage) return new RegistryError('NAME_UNKNOWN');
  const message = `${subject}: the token service answered ${status}`;
  const retryAfter = readRetryAfter(incoming.headers, context.wallNow());
  return new UpstreamError(context.host, 'server_error', message, { status, retryAfter });
}
