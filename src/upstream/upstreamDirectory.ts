import type { Upstream } from './upstream.ts';

/** An upstream and the further names that clients may know it by. */
export interface DirectoryEntry {
  readonly upstream: Upstream;
  readonly aliases?: readonly string[];
}

// Docker Hub's own hosts answer to these names; docker.io itself is no registry.
const impliedAliases: Readonly<Record<string, readonly string[]>> = {
  'docker.io': ['index.docker.io', 'registry-1.docker.io'],
};

/** The configured upstreams by name: a closed look-up, so that no name of a client is ever dialled. */
export class UpstreamDirectory {
  /** The upstream of requests that name none. */
  readonly default: Upstream;
  /** All of them, in the order of the configuration. */
  readonly upstreams: readonly Upstream[];
  readonly #byName = new Map<string, Upstream>();

  /** Throws when the default is not among the entries. What is named later gives way to an earlier name. */
  constructor(entries: readonly DirectoryEntry[], defaultHost: string) {
    this.upstreams = entries.map(({ upstream }) => upstream);
    for (const { upstream } of entries) this.#add(upstream.host, upstream);
    for (const { upstream, aliases } of entries) {
      const implied = impliedAliases[upstream.host.toLowerCase()] ?? [];
      for (const alias of [...(aliases ?? []), ...implied]) this.#add(alias, upstream);
    }
    const preset = this.find(defaultHost);
    if (preset === undefined)
      throw new Error(`the default upstream ${defaultHost} is not configured`);
    this.default = preset;
  }

  /** The upstream of that name, in whatever case; `undefined` when none is configured for it. */
  find(host: string): Upstream | undefined {
    return this.#byName.get(host.toLowerCase());
  }

  #add(name: string, upstream: Upstream): void {
    const key = name.toLowerCase();
    if (!this.#byName.has(key)) this.#byName.set(key, upstream);
  }
}
