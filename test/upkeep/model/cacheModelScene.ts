import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from '../../../src/registry/digest.ts';
import { Arrivals } from '../../../src/upkeep/arrivals.ts';
import { Garbage } from '../../../src/upkeep/removal/garbage.ts';
import { ImageGraph } from '../../../src/upkeep/imageGraph.ts';
import { ImageSelector } from '../../../src/upkeep/imageSelector.ts';
import { Purge } from '../../../src/upkeep/removal/purge.ts';
import { blobPath, ask, manifestPath, type Answer } from '../../mirror/pulls.ts';
import { blobBytes, type BlobContent } from '../../support/blobContent.ts';
import { startHub, type ScriptedHub } from '../../support/hub/scriptedHub.ts';
import type { ImageContent } from '../../support/images.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { manualClock, type ManualClock } from '../../support/manualClock.ts';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';
import { startMirror, type TestMirror } from '../../support/testMirror.ts';
import { bytesOnDisk, copyStore } from './cacheModelDisk.ts';
import {
  allImages,
  childOf,
  images,
  places,
  type Holding,
  type Place,
} from './cacheModelImages.ts';

/** What a client got of what it asked for. */
export interface Pulled {
  /** `undefined` when there was no answer by which to go on. */
  readonly image: ImageContent | undefined;
  /** What came whole, with the right bytes. */
  readonly got: ReadonlySet<Digest>;
  readonly isWhole: boolean;
}

const blobsByDigest: ReadonlyMap<Digest, BlobContent> = new Map(
  allImages.flatMap(({ blobs }) => blobs.map((blob) => [blob.digest, blob] as const)),
);
// Often enough to see a blob of some ten thousand bytes grow, and seldom enough to leave time for that.
const sampleEvery = 5;

/** A mirror on a disk before a scripted Hub, which a history is played on. */
export class CacheModelScene {
  readonly clock: ManualClock = manualClock();
  readonly hub: ScriptedHub;
  readonly #t: Lifetime;
  readonly #root: string;
  #current: TestMirror | undefined;
  #maxSize: number;
  #copies = 0;
  /** The most that the files of the store took since {@link takePeak}. */
  #peak = 0;

  private constructor(t: Lifetime, hub: ScriptedHub, root: string, maxSize: number) {
    this.#t = t;
    this.hub = hub;
    this.#root = root;
    this.#maxSize = maxSize;
    const sampling = setInterval(() => this.#sample(), sampleEvery);
    t.after(() => clearInterval(sampling));
  }

  static async start(t: Lifetime, maxSize: number): Promise<CacheModelScene> {
    const root = await temporaryDirectory(t);
    const hub = await startHub(t);
    for (const { repository } of places) {
      for (const image of images) hub.addImage(repository, image);
    }
    const scene = new CacheModelScene(t, hub, root, maxSize);
    await scene.#open(join(root, '0'));
    return scene;
  }

  get mirror(): TestMirror {
    return this.#current ?? assert.fail('no mirror runs');
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  get holding(): Holding {
    return new Map(this.mirror.store.blobs.held());
  }

  async purge(pattern: string): Promise<void> {
    const { store, mirror } = this.mirror;
    const selector = new ImageSelector(mirror.upstreams);
    await new Purge({ store, graph: new ImageGraph(store.blobs), selector }).purge(
      [pattern],
      false,
    );
  }

  /** The keys of all tags and memberships that the catalog has of a repository. */
  async entriesOf(repository: string): Promise<string[]> {
    const { tags, memberships } = this.mirror.store.catalog;
    const entries = [
      ...(await Array.fromAsync(tags.entries())),
      ...(await Array.fromAsync(memberships.entries())),
    ];
    return entries.map(([key]) => key).filter((key) => key.includes(`/${repository}`));
  }

  async collect(): Promise<void> {
    const { store, mirror } = this.mirror;
    const { upstreams } = mirror;
    const graph = new ImageGraph(store.blobs);
    const parts = { store, graph, upstreams, arrivals: new Arrivals(), now: this.clock };
    const found = await new Garbage(parts).collect(false);
    assert.deepEqual(found.missing, [], 'entries without a file');
  }

  /** Asks as a client does: for the manifest, that of its platform, and all their blobs at once. */
  async pull(place: Place, reference: string, platform: number): Promise<Pulled> {
    const answer = await this.#ask(manifestPath(place.repository, reference));
    const image = images.find(({ manifest }) => answer?.bytes.equals(manifest.bytes));
    if (answer === undefined || image === undefined) {
      assert.notEqual(answer?.status, 200, 'a manifest of other bytes');
      return { image: undefined, got: new Set(), isWhole: false };
    }
    const got = new Set([image.manifest.digest]);
    const child = childOf(image, platform);
    let isWhole = true;
    if (child !== undefined) {
      const inner = await this.#ask(manifestPath(place.repository, child.manifest.digest));
      if (inner?.status === 200) {
        assert.ok(inner.bytes.equals(child.manifest.bytes), 'a manifest of other bytes');
        got.add(child.manifest.digest);
      } else isWhole = false;
    }
    const blobs = isWhole ? [...image.blobs, ...(child?.blobs ?? [])] : [];
    await Promise.all(
      blobs.map(async ({ digest }) => {
        if (await this.pullBlob(place, digest)) got.add(digest);
        else isWhole = false;
      }),
    );
    return { image, got, isWhole };
  }

  /** Whether all of a blob came; none ever comes with wrong bytes. */
  async pullBlob({ repository }: Place, digest: Digest): Promise<boolean> {
    const answer = await this.#ask(blobPath(repository, digest));
    if (answer?.status !== 200) return false;
    const blob = blobsByDigest.get(digest);
    assert.ok(blob !== undefined && answer.bytes.equals(blobBytes(blob)), 'a blob of other bytes');
    return true;
  }

  async head({ repository }: Place, reference: string): Promise<Digest | undefined> {
    const answer = await ask(this.mirror, manifestPath(repository, reference), { method: 'HEAD' });
    if (answer.status !== 200) return undefined;
    return answer.headers['docker-content-digest'] as Digest;
  }

  /** Settles when the mirror is at nothing any more. */
  async settle(): Promise<void> {
    const { mirror, store } = this.mirror;
    for (const digest of blobsByDigest.keys()) {
      await mirror.fills.find(digest)?.finished.catch(() => undefined);
    }
    await this.hub.idle();
    await store.blobs.settled();
    this.#sample();
  }

  /** Bytes that the files of the store took at the most, and starts anew. */
  takePeak(): number {
    const peak = this.#peak;
    this.#peak = 0;
    return peak;
  }

  /** Ends the process in order and starts another one. */
  async restart(maxSize: number): Promise<void> {
    await this.mirror.stop();
    this.#maxSize = maxSize;
    await this.#open(this.mirror.directory);
  }

  /**
   * Ends the process so many turns after some work began: nothing runs while its directory is copied, and
   * the next process is started on the copy.
   */
  async kill(work: Promise<unknown>, turns: number): Promise<void> {
    const end = work.catch(() => undefined);
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    const { directory } = this.mirror;
    const copy = join(this.#root, `${(this.#copies += 1)}`);
    copyStore(directory, copy);
    await this.mirror.stop();
    await end;
    this.#current = undefined;
    rmSync(directory, { recursive: true });
    await this.#open(copy);
  }

  async #open(directory: string): Promise<void> {
    const { clock } = this;
    this.#current = await startMirror(this.#t, this.hub, {
      directory,
      now: clock,
      monotonicNow: clock,
      maxSize: this.#maxSize,
      // What is in memory is not read from the disk.
      memory: 5000,
    });
  }

  #sample(): void {
    if (this.#current === undefined) return;
    this.#peak = Math.max(this.#peak, bytesOnDisk(this.#current.directory));
  }

  async #ask(path: string): Promise<Answer | undefined> {
    try {
      return await ask(this.mirror, path);
    } catch {
      return undefined;
    }
  }
}
