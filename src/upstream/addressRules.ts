import type { LookupAddress } from 'node:dns';
import { getDomain } from 'tldts';
import { isAddressLiteral, isPrivateAddress, isPrivateHostname } from './privateAddress.ts';
import { TrustedHosts } from './trustedHosts.ts';
import { UpstreamError } from './upstreamError.ts';

/** Whose rules they are. */
export interface AddressRulesOptions {
  /** The upstream's name, for messages. */
  readonly host: string;
  /** Where the upstream is. */
  readonly base: URL;
  /** The operator's exceptions, see {@link TrustedHosts}. */
  readonly trustedHosts: readonly string[];
}

/**
 * Where an upstream may send this mirror: a registry names its token service and its blob storage
 * itself, and one that is malicious or broken into could name the mirror's own network, or a service
 * that collects credentials. What the rules forbid is an {@link UpstreamError} `forbidden_address`.
 */
export class AddressRules {
  readonly #host: string;
  readonly #base: URL;
  readonly #trusted: TrustedHosts;

  constructor({ host, base, trustedHosts }: AddressRulesOptions) {
    this.#host = host;
    this.#base = base;
    this.#trusted = new TrustedHosts(trustedHosts);
  }

  /**
   * The token service that a Bearer challenge names. Credentials go there, so it must be the
   * upstream's own origin, or a host of the same registrable domain over https (Docker Hub:
   * registry-1.docker.io and auth.docker.io), or trusted (Red Hat: sso.redhat.com).
   */
  realm(text: string): URL {
    const url = URL.parse(text);
    if (url === null || !isWeb(url)) return this.#refuse('the token service', 'no http address');
    const permitted =
      url.origin === this.#base.origin || this.#trusted.has(url) || this.#isOwnDomain(url);
    if (!permitted) return this.#refuse('the token service', 'outside of its domain', url);
    return withoutUserInfo(url);
  }

  /** The target of a redirect, from its `Location` and the address that it came from. */
  redirect(from: URL, location: string): URL {
    const url = URL.parse(location, from);
    if (url === null || !isWeb(url)) return this.#refuse('the redirect', 'to no http address');
    const fault = this.#trusted.has(url) ? undefined : this.#redirectFault(from, url);
    return fault === undefined ? withoutUserInfo(url) : this.#refuse('the redirect', fault, url);
  }

  /**
   * The addresses of a name that may be connected to. A name that resolves to private ones is as
   * forbidden as they are themselves, but for the upstream's own name and trusted ones.
   */
  resolved(hostname: string, addresses: readonly LookupAddress[]): LookupAddress[] {
    if (this.#isAtHome(hostname) || this.#trusted.hasHostname(hostname)) return [...addresses];
    const permitted = addresses.filter(({ address }) => !isPrivateAddress(address));
    if (permitted.length === 0) {
      return this.#refuse(`the name ${hostname}`, 'resolves to private addresses only');
    }
    return permitted;
  }

  #redirectFault(from: URL, to: URL): string | undefined {
    if (from.protocol === 'https:' && to.protocol === 'http:') return 'from https to http';
    if (this.#isAtHome(to.hostname)) return undefined;
    if (isPrivateHostname(to.hostname)) return 'to a private address';
    return this.#trusted.hasHostname(to.hostname) ? 'to a port that is not trusted' : undefined;
  }

  /** The upstream's own host, and all private ones if it is itself given by a private address. */
  #isAtHome(hostname: string): boolean {
    return hostname === this.#base.hostname || isPrivateHostname(this.#base.hostname);
  }

  #isOwnDomain(url: URL): boolean {
    if (url.protocol !== 'https:' || isAddressLiteral(url.hostname)) return false;
    if (this.#trusted.hasHostname(url.hostname) && !this.#isAtHome(url.hostname)) return false;
    const domain = registrableDomain(url.hostname);
    return domain !== null && domain === registrableDomain(this.#base.hostname);
  }

  /** Names no more of an address than its origin: path and query may hold a signature. */
  #refuse(subject: string, reason: string, url?: URL): never {
    const address = url === undefined ? '' : ` ${url.origin}`;
    throw new UpstreamError(
      this.#host,
      'forbidden_address',
      `${subject}${address} is refused: ${reason}; the upstream's trustedHosts can permit it`,
    );
  }
}

function isWeb(url: URL): boolean {
  return url.protocol === 'https:' || url.protocol === 'http:';
}

/** Names under a suffix such as github.io belong to different owners: private suffixes count. */
function registrableDomain(hostname: string): string | null {
  return getDomain(hostname, { allowPrivateDomains: true });
}

function withoutUserInfo(url: URL): URL {
  url.username = '';
  url.password = '';
  return url;
}
