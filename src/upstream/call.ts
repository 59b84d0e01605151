import type { Dispatcher } from 'undici';
import type { RepositoryName } from '../registry/repositoryName.ts';
import type { RedirectPolicy } from './exchange.ts';
import type { UpstreamOperation } from './upstreamObserver.ts';

/** One thing to ask a registry, whatever it takes in log-ins and redirects. */
export interface Call {
  readonly operation: UpstreamOperation;
  /** What is asked for, for messages: a few words without secrets. */
  readonly subject: string;
  readonly repository: RepositoryName;
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly redirects: RedirectPolicy;
  readonly dispatcher: Dispatcher;
  /** Whether it is asked once more, at once, when the connection is lost in place of an answer. */
  readonly repeats: boolean;
}

/** A call about no repository, made to see whether the registry lets somebody in at all. */
export interface LogInCall extends Omit<Call, 'repository'> {
  readonly repository?: undefined;
}
