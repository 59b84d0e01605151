/**
 * The hosts that an operator lets an upstream send this mirror to, beside its own. An entry is
 * `host` for every port, or `host:port`; an IPv6 address stands in brackets.
 */
export class TrustedHosts {
  readonly #entries: ReadonlySet<string>;
  readonly #hostnames: ReadonlySet<string>;

  constructor(entries: readonly string[]) {
    const split = entries.map(splitEntry);
    this.#entries = new Set(split.map(({ hostname, port }) => hostname + port));
    this.#hostnames = new Set(split.map(({ hostname }) => hostname));
  }

  /** Whether the URL's host, with its port where the entry has one, is trusted. */
  has(url: URL): boolean {
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return this.#entries.has(url.hostname) || this.#entries.has(`${url.hostname}:${port}`);
  }

  /** Whether any entry names this host; ports are not known where a name is resolved. */
  hasHostname(hostname: string): boolean {
    return this.#hostnames.has(hostname);
  }
}

function splitEntry(entry: string): { hostname: string; port: string } {
  const port = /:\d+$/.exec(entry)?.[0] ?? '';
  const host = entry.slice(0, entry.length - port.length);
  // Written as `URL` writes it, so that the two can be compared.
  return { hostname: URL.parse(`http://${host}`)?.hostname ?? host.toLowerCase(), port };
}
