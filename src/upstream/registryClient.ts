import { RegistryError } from '../registry/errors.ts';
import type { Account } from './account.ts';
import { LogInRefused, type Accounts } from './accounts.ts';
import type { Authorization, Grant } from './authorization.ts';
import type { Call } from './call.ts';
import { observeAnswer, observeFailure } from './callObserver.ts';
import type { Deadline } from './deadline.ts';
import { readDemand, type Demand } from './demand.ts';
import { exchange, type Incoming } from './exchange.ts';
import { pullScopes } from './pullScope.ts';
import { onceMoreIfLost } from './repeat.ts';
import { drain } from './responseBody.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

/** An answer, and who asked. */
export interface Answer extends Incoming {
  readonly account: Account | undefined;
}

interface Refusal {
  readonly call: Call;
  readonly account: Account | undefined;
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
 * Asks a registry, logging in as far as it demands that. Every answer but the registry's own 401 is
 * returned; a 401 that stays is either `NAME_UNKNOWN` or `credentials_refused`.
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

  /** Asks with the first account that can log in. */
  async ask(call: Call, deadline: Deadline): Promise<Answer> {
    for (;;) {
      const account = this.#accounts.choose();
      try {
        return { ...(await this.#askAs(account, call, deadline)), account };
      } catch (error) {
        if (!(error instanceof LogInRefused)) throw error;
      }
    }
  }

  async #askAs(account: Account | undefined, call: Call, deadline: Deadline): Promise<Incoming> {
    const began = this.#context.now();
    const { remembered } = this.#authorization;
    let grant = remembered && (await this.#meet(remembered, call, account, deadline));
    for (let grants = grant === undefined ? 0 : 1; ; grants++) {
      const incoming = await this.#send(call, grant, account, deadline);
      if (incoming.status !== 401 || incoming.elsewhere) {
        if (grant?.scheme === 'basic' && account !== undefined) this.#accounts.accept(account);
        return incoming;
      }
      const answered = readDemand(incoming.headers);
      drain(incoming.body);
      if (grant !== undefined) {
        const last = grants === maximumGrants;
        this.#settle({ call, account, grant, answered, began, last });
      }
      const demand = answered ?? (await this.#demandOf(call, deadline));
      grant = await this.#meet(demand, call, account, deadline);
    }
  }

  /** Returns when it is worth another try; else throws what the refusal means. */
  #settle({ call, account, grant, answered, began, last }: Refusal): void {
    this.#authorization.withdraw(grant);
    if (grant.scheme === 'basic' && answered?.scheme !== 'bearer' && account !== undefined) {
      this.#accounts.refuse(account);
      throw new LogInRefused(account);
    }
    if (!last && !isFinal(grant, answered, call, began)) return;
    if (deniesRepository(answered)) throw new RegistryError('NAME_UNKNOWN');
    throw this.#unauthorized(`${call.subject}: the registry does not accept our authorization`);
  }

  #meet(
    demand: Demand,
    { repository }: Call,
    account: Account | undefined,
    { signal }: Deadline,
  ): Promise<Grant> {
    return this.#authorization.meet(demand, repository, account, signal);
  }

  async #send(
    call: Call,
    grant: Grant | undefined,
    account: Account | undefined,
    deadline: Deadline,
  ): Promise<Incoming> {
    const outgoing = { ...call, authorization: grant?.header, signal: deadline.signal };
    const send = async (): Promise<Incoming> => {
      try {
        const incoming = await exchange(outgoing, this.#context);
        observeAnswer(call, incoming, account, this.#context);
        return incoming;
      } catch (error) {
        if (!deadline.abandoned) observeFailure(call, error, account, this.#context);
        throw error;
      }
    };
    return call.repeats ? await onceMoreIfLost(send) : await send();
  }

  /** gcr.io sends some 401 without a challenge, but always one with that of `/v2/`. */
  async #demandOf(call: Call, deadline: Deadline): Promise<Demand> {
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
      undefined,
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
  { repository }: Call,
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
