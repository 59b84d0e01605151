import type { Dispatcher } from 'undici';
import { RegistryError } from '../registry/errors.ts';
import type { Tag } from '../registry/reference.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import type { Credential } from './account.ts';
import type { AccountState } from './accountState.ts';
import { Accounts } from './accounts.ts';
import { Authorization } from './authorization.ts';
import type { Call, LogInCall } from './call.ts';
import { CallLane } from './callLane.ts';
import { readAbsence, readContent } from './contentAnswer.ts';
import type { Deadline } from './deadline.ts';
import type { Demand } from './demand.ts';
import type { Incoming } from './exchange.ts';
import { readTags } from './listAnswer.ts';
import { LogInRefused } from './logInRefused.ts';
import { mediaTypeOf } from './manifestAnswer.ts';
import { Reachability } from './reachability.ts';
import type { RegistryCalls } from './registryCalls.ts';
import { RegistryClient } from './registryClient.ts';
import { drain, finish } from './responseBody.ts';
import { Tokens } from './tokens.ts';
import { requestToken } from './tokenService.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';
import type { UpstreamLimits } from './upstreamLimits.ts';
import type { UpstreamObserver } from './upstreamObserver.ts';

/**
 * Finds out what somebody may do at an upstream with a credential of their own. Nothing of it is kept when an
 * answer is there, neither the credential nor a token that was got with it, and it goes nowhere but to the
 * upstream's token service, or to the registry itself where that wants Basic.
 */
export interface CredentialCheck {
  /**
   * Whether the upstream lets them pull from the repository. A wrong password is `false`, and so is a
   * repository that they can't see.
   * @throws {UpstreamError} when the upstream can't be asked, throttles, or says neither
   */
  mayPull(repository: RepositoryName, credential: Credential): Promise<boolean>;
  /**
   * Whether the upstream knows them at all, found out as `docker login` does. At a registry that lets
   * everybody into `/v2/` this can't be told: there it is `false` for all.
   * @throws {UpstreamError} as {@link mayPull}
   */
  logsIn(credential: Credential): Promise<boolean>;
}

/** What clients' credentials are checked with. */
export interface UpstreamCredentialCheckOptions {
  readonly context: UpstreamContext;
  readonly calls: RegistryCalls;
  readonly dispatcher: Dispatcher;
  /** How many checks may be under way at once. */
  readonly connections: number;
  readonly limits: UpstreamLimits;
  /** What the registry was last seen to demand of the mirror itself. */
  readonly demanded: () => Demand | undefined;
}

type Ask = (call: Call | LogInCall) => Promise<Incoming>;

// It need not exist.
const anyTag = { kind: 'tag', tag: 'latest' as Tag } as const;
// A user name of a client is no label of a metric, and of no interest in a message.
const clientName = 'client';

/**
 * Checks credentials at one registry, apart from what the mirror itself asks there: whatever a client
 * sends, our accounts stay in use and no circuit opens but that of the checks.
 */
export class UpstreamCredentialCheck implements CredentialCheck {
  readonly #options: UpstreamCredentialCheckOptions;
  readonly #context: UpstreamContext;
  readonly #lane: CallLane;
  #lastDemand: Demand | undefined;

  constructor(options: UpstreamCredentialCheckOptions) {
    this.#options = options;
    const { context, connections, limits } = options;
    this.#context = { ...context, observer: countingOnly(context.observer) };
    this.#lane = new CallLane({
      context: this.#context,
      circuit: 'api',
      concernOf: ({ repository }) => repository ?? '',
      reachability: new Reachability(this.#context),
      connections,
      waitTimeout: limits.callWait,
      timeout: limits.callTimeout,
    });
  }

  /**
   * By a HEAD on any tag, which Docker Hub does not count as a pull: it answers 404 for a missing tag, and
   * 401 for a repository that they can't see. Some registries hide those behind a 404 as well, Artifactory for
   * one, and a HEAD has no body to tell the two apart: there the tags of the repository tell.
   */
  mayPull(repository: RepositoryName, credential: Credential): Promise<boolean> {
    const head = this.#options.calls.manifest('HEAD', repository, anyTag);
    return this.#asClient(head, credential, this.#demand, async (ask) => {
      const answer = await ask(head);
      const { status } = answer;
      if (status === 200) {
        await finish(answer.body);
        this.#refusePage(answer, head);
        return true;
      }
      if (status === 405) drain(answer.body);
      else await readAbsence(answer, head, this.#context);
      return await this.#showsTags(repository, ask);
    });
  }

  logsIn(credential: Credential): Promise<boolean> {
    const call = this.#options.calls.logIn();
    // A registry with Basic is asked without first: a password counts only where it makes a difference.
    const demand = this.#demand?.scheme === 'bearer' ? this.#demand : undefined;
    return this.#asClient(call, credential, demand, async (ask) => {
      const { status, body } = await ask(call);
      drain(body);
      if (status === 200) return true;
      const message = `${call.subject}: the registry answered ${status}`;
      throw new UpstreamError(this.#context.host, 'server_error', message, { status });
    });
  }

  get #demand(): Demand | undefined {
    return this.#options.demanded() ?? this.#lastDemand;
  }

  /** Asks with a client of its own that knows one account alone, and is gone afterwards. */
  async #asClient(
    call: Call | LogInCall,
    credential: Credential,
    demand: Demand | undefined,
    question: (ask: Ask) => Promise<boolean>,
  ): Promise<boolean> {
    const { authorization, client, state } = this.#open(credential, demand);
    const work = async (deadline: Deadline): Promise<boolean> => {
      const isLetIn = await question((asked) => client.askAs(state, asked, deadline));
      this.#lastDemand = authorization.remembered ?? this.#lastDemand;
      // What is given to everybody says nothing about them: no demand was made that they met.
      return isLetIn && authorization.remembered !== undefined;
    };
    try {
      return await this.#lane.run(call, work);
    } catch (error) {
      if (error instanceof LogInRefused) return false;
      if (error instanceof RegistryError && error.code === 'NAME_UNKNOWN') return false;
      throw error;
    }
  }

  #open(
    credential: Credential,
    demand: Demand | undefined,
  ): { authorization: Authorization; client: RegistryClient; state: AccountState } {
    const { calls, dispatcher, limits } = this.#options;
    const context = this.#context;
    const account = {
      name: clientName,
      repositories: undefined,
      credential: () => Promise.resolve(credential),
    };
    const accounts = new Accounts({ accounts: [account] }, context);
    const service = { context, accounts, dispatcher, timeout: limits.tokenTimeout };
    const tokens = new Tokens({
      request: (request) => requestToken(request, service),
      now: context.now,
      maximum: 1,
    });
    const { host } = context;
    const authorization = new Authorization({ host, accounts, tokens, remembered: demand });
    const client = new RegistryClient({ context, accounts, authorization, ping: calls.ping });
    return { authorization, client, state: accounts.stateOf(account) };
  }

  /** A repository without a tag shows nothing that a hidden one would not. */
  async #showsTags(repository: RepositoryName, ask: Ask): Promise<boolean> {
    const call = this.#options.calls.tags(repository, 'n=1');
    const answer = await ask(call);
    if (answer.status !== 200) {
      await readAbsence(answer, call, this.#context);
      return false;
    }
    const bytes = await readContent(answer, this.#options.limits.list, call, this.#context);
    return readTags(bytes, answer, call, this.#context).tags.length > 0;
  }

  /** A firewall that wants something answers 200 to everything, with a page of its own. */
  #refusePage({ headers, status }: Incoming, { subject }: Call): void {
    if (mediaTypeOf(headers) !== 'text/html') return;
    const message = `${subject}: a page where a manifest was asked for`;
    throw new UpstreamError(this.#context.host, 'server_error', message, { status });
  }
}

/**
 * Passes on that there was an exchange and how long it took. What an observer would be told of accounts,
 * their limits and of the upstream as a whole is not a client's to bring about.
 */
function countingOnly(observer: UpstreamObserver): UpstreamObserver {
  return {
    exchanged: (...exchange) => observer.exchanged(...exchange),
    answered: (...answer) => observer.answered(...answer),
    pullCounted: nothing,
    throttled: nothing,
    rateLimitRead: nothing,
    accountSetAside: nothing,
    accountBack: nothing,
    credentialFailed: nothing,
    reachable: nothing,
    circuitChanged: nothing,
  };
}

function nothing(): void {
  // Not for this observer.
}
