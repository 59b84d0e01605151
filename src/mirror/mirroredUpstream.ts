import type { Repository } from '../store/catalog.ts';
import type { CredentialCheck } from '../upstream/credentialCheck.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { RepositoryList } from './repositoryList.ts';
import type { TagFreshness } from './tagFreshness.ts';

/** How long the answers of an upstream are good for. */
export interface UpstreamPolicy extends TagFreshness {
  /** Milliseconds past its freshness for which a tag may still be served while the upstream fails. */
  readonly staleIfError: number;
  /** Milliseconds for which it is remembered that something does not exist; 0: it is asked for each time. */
  readonly absentFreshness: number;
}

/** An upstream and the rules that hold for what lies on it. */
export interface MirroredUpstream {
  readonly upstream: Upstream;
  /** The same registry asked without credentials; absent where that makes no difference. */
  readonly anonymous?: Upstream;
  /** Asked what clients may pull with credentials of their own; absent where those do not count. */
  readonly credentials?: CredentialCheck;
  readonly policy: UpstreamPolicy;
  /** What may be pulled from it; absent: everything. */
  readonly list?: RepositoryList;
  /** Other names that clients use for it. */
  readonly aliases: readonly string[];
  /** Docker Hub's custom: a name of one component, such as `alpine`, means `library/alpine`. */
  readonly impliesLibrary: boolean;
}

/** A repository together with the upstream that it lies on and the rules that hold there. */
export interface MirroredRepository extends Repository, MirroredUpstream {
  /** Whom it is asked for; absent where it is the operator who asks, or nothing was found out of it yet. */
  readonly audience?: Audience;
}

/**
 * `everybody`: it is public, or open to all. `some`: who asks may have it, be it private or not. `unconfirmed`: it
 * was public, and now nobody can say; what is held and was everybody's is served, and the upstream asked nothing.
 */
export type Audience = 'everybody' | 'some' | 'unconfirmed';

/**
 * The configured upstreams by the names that clients use. A closed look-up: a name that is not in it
 * is never an address to dial.
 */
export class MirroredUpstreams {
  readonly default: MirroredUpstream;
  /** The one that is asked about clients' own credentials; `undefined` where those do not count. */
  readonly verifying: MirroredUpstream | undefined;
  readonly #byName: ReadonlyMap<string, MirroredUpstream>;

  /** @throws when `defaultHost` names none of them */
  constructor(upstreams: readonly MirroredUpstream[], defaultHost: string) {
    this.#byName = new Map(
      upstreams.flatMap((mirrored) =>
        [mirrored.upstream.host, ...mirrored.aliases].map((name) => [name, mirrored] as const),
      ),
    );
    const found = this.#byName.get(defaultHost);
    if (found === undefined) throw new Error(`no upstream is called ${defaultHost}`);
    this.default = found;
    this.verifying = upstreams.find(({ credentials }) => credentials !== undefined);
  }

  /** The upstream of a host name, in any case; `undefined` when none is called so. */
  find(name: string): MirroredUpstream | undefined {
    return this.#byName.get(name.toLowerCase());
  }
}
