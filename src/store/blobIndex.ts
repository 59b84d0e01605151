import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from '../registry/digest.ts';
import type { ContentEntry } from './catalog.ts';
import { RecencyList, type RecencyNode } from './recencyList.ts';
import { addShares, noShare, type Share } from './share.ts';

/** Manifests are worth more than other blobs: small, and counted by the upstream. */
export type Tier = 'blob' | 'manifest';

/** A blob with its entry. */
export type Held = readonly [Digest, ContentEntry];

interface Node extends RecencyNode<Node> {
  readonly digest: Digest;
  entry: ContentEntry;
  readonly tier: Tier;
  /** Whether it is counted among the pinned and in no list; follows {@link BlobIndex.pin} in a while. */
  isPinned: boolean;
  /** Whether the catalog has its last use. */
  isWritten: boolean;
}

// Nodes that are looked at before other work gets its turn: a millisecond or two.
const atOnce = 2000;

/** What is held, in memory: by digest, and by last use for whoever has to choose what goes. */
export class BlobIndex {
  readonly #nodes = new Map<Digest, Node>();
  /** Those that may go; what is pinned is in neither. */
  readonly #lists = { blob: new RecencyList<Node>(), manifest: new RecencyList<Node>() };
  readonly #free = { blob: noShare, manifest: noShare };
  readonly #pinned = { blob: noShare, manifest: noShare };
  #pins: ReadonlySet<Digest> = new Set();
  /** Of those that were used since that was written down; some may be gone. */
  #unwritten: Digest[] = [];
  #removals = 0;

  /** All blobs that are no manifests. */
  get blobs(): Share {
    return addShares(this.#free.blob, this.#pinned.blob);
  }

  get manifests(): Share {
    return addShares(this.#free.manifest, this.#pinned.manifest);
  }

  /** What is held of {@link pin}'s set. */
  get pinned(): Share {
    return addShares(this.#pinned.blob, this.#pinned.manifest);
  }

  /** What is held and not pinned. */
  evictable(tier: Tier): Share {
    return this.#free[tier];
  }

  get count(): number {
    return this.#nodes.size;
  }

  get bytes(): number {
    return this.blobs.bytes + this.manifests.bytes;
  }

  /** Goes up when a blob goes: while it stays the same, all that was held still is. */
  get removals(): number {
    return this.#removals;
  }

  has(digest: Digest): boolean {
    return this.#nodes.has(digest);
  }

  /** The entry as it was set; counts as no use. */
  entry(digest: Digest): ContentEntry | undefined {
    return this.#nodes.get(digest)?.entry;
  }

  /** The entry with the current last use; counts as no use. */
  describe(digest: Digest): ContentEntry | undefined {
    const node = this.#nodes.get(digest);
    return node === undefined ? undefined : { ...node.entry, usedAt: node.usedAt };
  }

  /** Those that are held now, in no particular order; what comes and goes meanwhile may be left out. */
  *held(): Generator<Held, void> {
    const digests = [...this.#nodes.keys()];
    for (const digest of digests) {
      const entry = this.describe(digest);
      if (entry !== undefined) yield [digest, entry];
    }
  }

  /** The entry as it was set; counts as a use. */
  use(digest: Digest, now: number): ContentEntry | undefined {
    const node = this.#nodes.get(digest);
    if (node === undefined) return undefined;
    node.usedAt = now;
    if (!node.isPinned) {
      this.#lists[node.tier].remove(node);
      this.#lists[node.tier].add(node);
    }
    if (node.isWritten) {
      node.isWritten = false;
      this.#unwritten.push(digest);
    }
    return node.entry;
  }

  /** Takes in a blob as the one that was used last. */
  set(digest: Digest, entry: ContentEntry): void {
    this.delete(digest);
    const node = this.#create(digest, entry);
    if (!node.isPinned) this.#lists[node.tier].add(node);
  }

  /** Takes a blob in at the place of its last use. */
  restore(digest: Digest, entry: ContentEntry): void {
    this.delete(digest);
    const node = this.#create(digest, entry);
    if (!node.isPinned) this.#lists[node.tier].insert([node]);
  }

  /** Says something else about a blob of the same size and kind; counts as no use. */
  amend(digest: Digest, entry: ContentEntry): void {
    const node = this.#nodes.get(digest);
    if (node !== undefined) node.entry = entry;
  }

  delete(digest: Digest): void {
    const node = this.#nodes.get(digest);
    if (node === undefined) return;
    this.#nodes.delete(digest);
    this.#removals += 1;
    this.#count(node, -1);
    if (!node.isPinned) this.#lists[node.tier].remove(node);
  }

  /**
   * The set that {@link oldest} never names from now on, in the place of the one before. To be followed by
   * {@link sortPins}, and not to be changed any more.
   */
  pin(digests: ReadonlySet<Digest>): void {
    this.#pins = digests;
  }

  /**
   * Counts what is pinned anew, and has {@link oldest} name what no longer is. Others get their turn
   * meanwhile: everything may be pinned at one stroke.
   */
  async sortPins(): Promise<void> {
    let page: Node[] = [];
    // What is added meanwhile comes last, and is right already.
    for (const node of this.#nodes.values()) {
      page.push(node);
      if (page.length < atOnce) continue;
      this.#sortPinsOf(page);
      page = [];
      await nextTurn();
    }
    this.#sortPinsOf(page);
  }

  isPinned(digest: Digest): boolean {
    return this.#pins.has(digest);
  }

  /**
   * Of those that are not pinned, from the one whose last use is longest ago, as long as `mayGo` agrees to
   * the time of that.
   */
  *oldest(tier: Tier, mayGo: (usedAt: number) => boolean = always): Generator<Held, void> {
    for (const { digest, entry, usedAt } of this.#lists[tier].oldestFirst()) {
      if (!mayGo(usedAt)) return;
      // It is about to leave the list.
      if (this.#pins.has(digest)) continue;
      yield [digest, { ...entry, usedAt }];
    }
  }

  /**
   * Of those that are not pinned, those that were last used before a time; from the one whose use is longest ago.
   * What was used while the clock was ahead counts as used now.
   */
  *idle(tier: Tier, before: number, now: number): Generator<Held, void> {
    for (const node of this.#lists[tier].oldestFirst()) {
      if (node.usedAt > now) node.usedAt = now;
      else if (node.usedAt >= before) return;
      else if (!this.#pins.has(node.digest)) {
        yield [node.digest, { ...node.entry, usedAt: node.usedAt }];
      }
    }
  }

  /** How many have a last use that is not written down. */
  get unwritten(): number {
    return this.#unwritten.length;
  }

  /** Some of those whose last use is not written down; to be given back when that fails. */
  takeUnwritten(atMost: number): readonly Digest[] {
    const unwritten = this.#unwritten.splice(0, atMost);
    for (const digest of unwritten) {
      const node = this.#nodes.get(digest);
      if (node !== undefined) node.isWritten = true;
    }
    return unwritten;
  }

  /** Gives back what {@link takeUnwritten} handed out. */
  giveBackUnwritten(digests: readonly Digest[]): void {
    for (const digest of digests) {
      const node = this.#nodes.get(digest);
      if (node === undefined || !node.isWritten) continue;
      node.isWritten = false;
      this.#unwritten.push(digest);
    }
  }

  #create(digest: Digest, entry: ContentEntry): Node {
    const node: Node = {
      digest,
      entry,
      tier: entry.mediaType === undefined ? 'blob' : 'manifest',
      usedAt: entry.usedAt ?? entry.storedAt,
      isPinned: this.#pins.has(digest),
      isWritten: true,
      older: undefined,
      newer: undefined,
    };
    this.#nodes.set(digest, node);
    this.#count(node, 1);
    return node;
  }

  #sortPinsOf(nodes: readonly Node[]): void {
    const back = { blob: new Array<Node>(), manifest: new Array<Node>() };
    for (const node of nodes) {
      const isPinned = this.#pins.has(node.digest);
      if (isPinned === node.isPinned) continue;
      this.#count(node, -1);
      node.isPinned = isPinned;
      this.#count(node, 1);
      if (isPinned) this.#lists[node.tier].remove(node);
      else back[node.tier].push(node);
    }
    this.#lists.blob.insert(back.blob);
    this.#lists.manifest.insert(back.manifest);
  }

  #count({ isPinned, tier, entry }: Node, sign: 1 | -1): void {
    const shares = isPinned ? this.#pinned : this.#free;
    shares[tier] = addShares(shares[tier], { count: sign, bytes: sign * entry.size });
  }
}

function always(): boolean {
  return true;
}
