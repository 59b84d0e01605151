import { Keyv, type KeyvStoreAdapter } from 'keyv';
import type { Digest } from '../registry/digest.ts';
import type { Tag } from '../registry/reference.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import { CatalogTable } from './catalogTable.ts';

/** What a tag stood for when the upstream was last asked. Times are milliseconds since the epoch. */
export interface TagEntry {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the manifest, where the upstream said it. */
  readonly size?: number;
  /** When the upstream last confirmed it. */
  readonly checkedAt: number;
  /** When the upstream last failed to confirm it, if that was later. */
  readonly failedAt?: number;
  /** What it stood for before; kept until the image that it stands for now is all here. */
  readonly earlier?: EarlierTag;
}

/** What a tag stood for before it moved. */
export interface EarlierTag {
  readonly digest: Digest;
  /** When the upstream last confirmed it, in milliseconds since the epoch. */
  readonly checkedAt: number;
}

/** A blob or manifest whose bytes are held. */
export interface ContentEntry {
  readonly size: number;
  /** What the upstream called it; for manifests alone. */
  readonly mediaType?: string;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
  /**
   * When the file was last changed, by the file system's clock, as of when its bytes were last known to
   * have their digest; absent where they were not looked at since the entry was made.
   */
  readonly modifiedAt?: number;
  /**
   * When it was last used, in milliseconds since the epoch, as of when that was last written down; absent
   * where it was never used.
   */
  readonly usedAt?: number;
  /**
   * Whether it was made for a file that had none: the catalog that said which repositories have the blob may
   * be lost, and so it is not said that none has.
   */
  readonly adopted?: boolean;
  /** Whether it came in for a client who may have private content, and for no other. */
  readonly restricted?: boolean;
}

/** That an upstream served a digest under a repository, or vouched for it in a manifest. */
export interface MembershipEntry {
  /** The repository's generation when the upstream was asked; it counts only while that lasts. */
  readonly generation: number;
  /** When it was noted, in milliseconds since the epoch; absent in entries of earlier versions. */
  readonly notedAt?: number;
  /** Whether none but clients who may have what is private asked for it. */
  readonly restricted?: boolean;
  /** Whether a manifest named it, and the upstream was not asked for it. */
  readonly vouched?: boolean;
}

/** What is known about a repository as a whole. */
export interface RepositoryEntry {
  /** How often the upstream has said that it is private or gone; a clock that is set back can't undo it. */
  readonly generation?: number;
  /** When the upstream last said so, in milliseconds since the epoch. */
  readonly forgottenAt?: number;
  /**
   * Whether an anonymous client was served, and when that was found out, in ms since the epoch; 0 where it never was,
   * and an account has brought in content.
   */
  readonly visibility?: { readonly isPublic: boolean; readonly checkedAt: number };
}

/** How far some work of the store has come, so that the next process goes on with it; each has a shape of its own. */
export type StateEntry = Readonly<Record<string, unknown>>;

/** A repository of one upstream; the same name on another upstream is another repository. */
export interface Repository {
  /** The upstream's name, for instance `docker.io`. */
  readonly host: string;
  readonly name: RepositoryName;
}

/** All that the mirror knows besides the bytes. */
export class Catalog {
  readonly tags: CatalogTable<TagEntry>;
  readonly contents: CatalogTable<ContentEntry>;
  readonly memberships: CatalogTable<MembershipEntry>;
  readonly repositories: CatalogTable<RepositoryEntry>;
  readonly states: CatalogTable<StateEntry>;

  /**
   * `newStore` is called once a kind of entry: Keyv writes its namespace into the adapter, so that
   * none can be shared. `remembered` entries of each kind are kept in memory.
   */
  constructor(newStore: () => KeyvStoreAdapter | Map<string, unknown>, remembered = 20_000) {
    const options = { throwOnErrors: true, emitErrors: false };
    // Keyv leaves a key that begins with `namespace:` as it is; no host and no digest begins with @.
    const table = <Entry extends object>(kind: string): CatalogTable<Entry> =>
      new CatalogTable<Entry>(
        new Keyv({ ...options, store: newStore(), namespace: `@${kind}` }),
        remembered,
      );
    this.tags = table('tag');
    this.contents = table('content');
    this.memberships = table('membership');
    this.repositories = table('repository');
    this.states = table('state');
  }

  /** Settles when nothing is being written down that the disk refused before; to be awaited before it closes. */
  async settled(): Promise<void> {
    const tables = [this.tags, this.contents, this.memberships, this.repositories, this.states];
    await Promise.all(tables.map((table) => table.settled()));
  }
}

/** The catalog's key of a repository. */
export function repositoryKey({ host, name }: Repository): string {
  return `${host}/${name}`;
}

/** The catalog's key of a tag. */
export function tagKey(repository: Repository, tag: Tag): string {
  return `${repositoryKey(repository)}:${tag}`;
}

/** The catalog's key of a digest under a repository. */
export function membershipKey(repository: Repository, digest: Digest): string {
  return `${repositoryKey(repository)}@${digest}`;
}
