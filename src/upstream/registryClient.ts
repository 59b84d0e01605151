import { RegistryError } from '../registry/errors.ts';
import type { AccountState } from './accountState.ts';
import type { Accounts } from './accounts.ts';
import type { Authorization, Grant } from './authorization.ts';
import type { Call, LogInCall } from './call.ts';
import { observeAnswer, observeFailure, readLimit } from './callObserver.ts';
import type { Deadline } from './deadline.ts';
import { readDemand, type Demand } from './demand.ts';
import { exchange, type Incoming } from './exchange.ts';
import { LogInRefused } from './logInRefused.ts';
import { mediaTypeOf } from './manifestAnswer.ts';
import { pullScopes } from './pullScope.ts';
import { onceMoreIfLost } from './repeat.ts';
import { drain } from './responseBody.ts';
import { throttled } from './throttle.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

interface Refusal {
  readonly call: Call | LogInCall;
  readonly state: AccountState;
  readonly grant: Grant;
  /** What the registry's 401 demands. */
  readonly answered: Demand | undefined;
  /** When the call began, in ms of the monotonic clock. */
  readonly began: number;
  /** Whether no further grant is to be tried. */
  readonly last: boolean;
}

/** What a registry is asked through. */
export interface RegistryClientOptions {
  readonly context: UpstreamContext;
  readonly accounts: Accounts;
  readonly authorization: Authorization;
  /** The address of `/v2/`, where a registry can be asked for its challenge. */
  readonly ping: URL;
}

// The first grant can be out of date, or for less than the registry turns out to want.
const maximumGrants = 2;

/**
 * Asks a registry, logging in as far as it demands that. Every answer is returned but those that are about
 * who asked: the registry's own 401 and 403, and a 429. A 401 that stays is either `NAME_UNKNOWN` or
 * `credentials_refused`, a 403 is `NAME_UNKNOWN`, a 429 `pull_limit` or `abuse_limit`.
 */
export class RegistryClient {
  readonly #context: UpstreamContext;
  readonly #accounts: Accounts;
  readonly #authorization: Authorization;
  readonly #ping: URL;

  constructor({ context, accounts, authorization, ping }: RegistryClientOptions) {
    this.#context = context;
    this.#accounts = accounts;
    this.#authorization = authorization;
    this.#ping = ping;
  }

  /**
   * Asks with one account after the other until one is let in: what is a log-in's, a pull limit's or a
   * repository's refusal for one may not be for the next. The abuse limit is that of the address.
   */
  async ask(call: Call, deadline: Deadline): Promise<Incoming> {
    const choice = this.#accounts.choose(call);
    for (;;) {
      const { state, end } = await choice.next();
      try {
        return await this.askAs(state, call, deadline);
      } catch (error) {
        choice.failed(error, state);
      } finally {
        end();
      }
    }
  }

  /** Asks with one account alone, which {@link LogInRefused} is thrown for where it cannot log in. */
  async askAs(state: AccountState, call: Call | LogInCall, deadline: Deadline): Promise<Incoming> {
    const incoming = await this.#askLoggedIn(state, call, deadline);
    const { status, elsewhere, askedAt } = incoming;
    // A page of HTML is of a firewall before it, which did not like the request.
    if (status === 403 && !elsewhere && mediaTypeOf(incoming.headers) !== 'text/html') {
      drain(incoming.body);
      throw new RegistryError('NAME_UNKNOWN');
    }
    if (status !== 429) return incoming;
    const error = await throttled(incoming, call.subject, state.account, this.#context);
    if (error.failure === 'pull_limit') state.limit(error.retryAfter, askedAt);
    throw error;
  }

  async #askLoggedIn(
    state: AccountState,
    call: Call | LogInCall,
    deadline: Deadline,
  ): Promise<Incoming> {
    const began = this.#context.now();
    const { remembered } = this.#authorization;
    let grant = remembered && (await this.#meet(remembered, call, state, deadline));
    for (let grants = grant === undefined ? 0 : 1; ; grants++) {
      const incoming = await this.#send(call, grant, state, deadline);
      if (incoming.status !== 401 || incoming.elsewhere) {
        if (grant?.scheme === 'basic') state.accept();
        return incoming;
      }
      const answered = readDemand(incoming.headers);
      drain(incoming.body);
      if (grant !== undefined) {
        const last = grants === maximumGrants;
        this.#settle({ call, state, grant, answered, began, last });
      }
      const demand = answered ?? (await this.#demandOf(call, state, deadline));
      grant = await this.#meet(demand, call, state, deadline);
    }
  }

  /** Returns when it is worth another try; else throws what the refusal means. */
  #settle({ call, state, grant, answered, began, last }: Refusal): void {
    this.#authorization.withdraw(grant);
    const { account } = state;
    if (grant.scheme === 'basic' && answered?.scheme !== 'bearer' && account !== undefined) {
      state.refuse(grant.credential.secret);
      throw new LogInRefused(account);
    }
    if (!last && !isFinal(grant, answered, call, began)) return;
    if (deniesRepository(answered)) throw new RegistryError('NAME_UNKNOWN');
    throw this.#unauthorized(`${call.subject}: the registry does not accept our authorization`);
  }

  #meet(
    demand: Demand,
    { repository }: Call | LogInCall,
    { account }: AccountState,
    { signal }: Deadline,
  ): Promise<Grant> {
    return this.#authorization.meet(demand, repository, account, signal);
  }

  async #send(
    call: Call | LogInCall,
    grant: Grant | undefined,
    state: AccountState,
    deadline: Deadline,
  ): Promise<Incoming> {
    const { account } = state;
    const outgoing = { ...call, authorization: grant?.header, signal: deadline.signal };
    const send = async (): Promise<Incoming> => {
      try {
        const incoming = await exchange(outgoing, this.#context);
        observeAnswer(call, incoming, account, this.#context);
        readLimit(call, incoming, state);
        return incoming;
      } catch (error) {
        if (!deadline.abandoned) observeFailure(call, error, account, this.#context);
        throw error;
      }
    };
    return call.repeats ? await onceMoreIfLost(send) : await send();
  }

  /** gcr.io sends some 401 without a challenge, but always one with that of `/v2/`. */
  async #demandOf(
    call: Call | LogInCall,
    state: AccountState,
    deadline: Deadline,
  ): Promise<Demand> {
    const { remembered } = this.#authorization;
    if (remembered !== undefined) return remembered;
    const incoming = await this.#send(
      {
        ...call,
        operation: 'token',
        method: 'GET',
        url: this.#ping,
        redirects: 'none',
        repeats: true,
      },
      undefined,
      state,
      deadline,
    );
    drain(incoming.body);
    const demand = incoming.status === 401 ? readDemand(incoming.headers) : undefined;
    if (demand !== undefined) return demand;
    throw this.#unauthorized(`${call.subject}: the registry answered 401 and not what it wants`);
  }

  #unauthorized(message: string): UpstreamError {
    return new UpstreamError(this.#context.host, 'credentials_refused', message, { status: 401 });
  }
}

/**
 * Whether asking again with a new token would bring nothing else: the token was got for this very
 * request, for all that the registry wants, and is not said to be invalid.
 */
function isFinal(
  grant: Grant,
  answered: Demand | undefined,
  { repository }: Call | LogInCall,
  began: number,
): boolean {
  if (grant.scheme !== 'bearer' || answered?.scheme !== 'bearer') return false;
  if (grant.token.obtainedAt < began || answered.error === 'invalid_token') return false;
  return pullScopes(repository, answered.scope).every((s) => grant.request.scopes.includes(s));
}

/**
 * Docker Hub has no 404 for a repository that is missing or private: it grants a token that is good
 * for nothing and answers that with 401 `insufficient_scope`. quay.io leaves the error out.
 */
function deniesRepository(answered: Demand | undefined): boolean {
  if (answered?.scheme !== 'bearer') return false;
  return answered.error === undefined || answered.error === 'insufficient_scope';
}
