import { contentNature, natureBytes } from '../registry/contentNature.ts';
import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { BlobSource } from '../store/blobSource.ts';
import type { BlobStore } from '../store/blobStore.ts';
import { DigestMismatchError, type GrowingBlob } from '../store/growingBlob.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import { BlobTransfer, WrongSizeError } from './blobTransfer.ts';
import { startFill, type FillStart } from './fillStart.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { MirrorObserver } from './mirrorObserver.ts';
import { openPatiently, type Patience } from './openPatiently.ts';
import { Reception } from './reception.ts';

/** What a {@link BlobFill} works with. */
export interface FillParts extends Patience {
  readonly blobs: BlobStore;
  readonly memberships: Memberships;
  readonly observer: MirrorObserver;
}

/**
 * One blob on its way from an upstream into the store. It belongs to the cache: readers come and go,
 * and it goes on without any. A transfer that breaks is taken up again where it broke, through a
 * fresh redirect, before a reader can notice. One that can't be completed leaves what it has to the next.
 */
export class BlobFill {
  readonly repository: MirroredRepository;
  readonly digest: Digest;
  /** Settles when the upstream's headers are in, with the blob to read from. */
  readonly started: Promise<GrowingBlob>;
  /** Settles when the blob is in the store, or never will be. */
  readonly finished: Promise<void>;
  readonly #parts: FillParts;
  readonly #abort = new AbortController();
  readonly #started = Promise.withResolvers<GrowingBlob>();
  #growing: GrowingBlob | undefined;
  #generation: number | undefined;
  /** Bytes that an earlier fill had left. */
  #heldBefore = 0;
  #joinable = true;

  constructor(repository: MirroredRepository, digest: Digest, parts: FillParts) {
    this.repository = repository;
    this.digest = digest;
    this.#parts = parts;
    this.started = this.#started.promise;
    this.finished = this.#run();
    // Whoever waits for headers waits for `started`; the same error must not count as unhandled here.
    this.started.catch(() => {});
  }

  /** The generation of its repository that the upstream was asked in. */
  get generation(): number | undefined {
    return this.#generation;
  }

  /** Whether the upstream's headers have come in. */
  get begun(): boolean {
    return this.#growing !== undefined;
  }

  /** Bytes of the blob that are here, those that an earlier fill had left included. */
  get length(): number {
    return this.#growing?.length ?? 0;
  }

  /** Bytes of the blob that this fill brought. */
  get received(): number {
    return Math.max(0, this.length - this.#heldBefore);
  }

  /** How many clients read from it now. */
  get readers(): number {
    return this.#growing?.readers ?? 0;
  }

  /** Whether it has, or may yet bring, the blob; one that failed is nothing for a client that comes now. */
  get joinable(): boolean {
    return this.#joinable && this.#growing?.state !== 'failed';
  }

  /**
   * A reader of its own; settles when the upstream's headers are in. To be asked for as soon as the fill
   * is found joinable.
   */
  async openSource(): Promise<BlobSource> {
    const growing = this.#growing ?? (await this.started);
    return growing.openSource();
  }

  /** Whether it was ended by {@link abort}. */
  get aborted(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Ends the transfer; readers are cut off. */
  abort(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    try {
      this.#generation = await this.#parts.memberships.generation(this.repository);
      const start = await startFill(this.#parts.blobs, this.digest, (offset) =>
        this.#openPatiently(offset),
      );
      const growing = await this.#begin(start);
      this.#heldBefore = start.held?.length ?? 0;
      this.#growing = growing;
      this.#started.resolve(growing);
      if (start.held !== undefined) this.#parts.observer.fillResumed(this.repository.host);
      await this.#fill(growing, start.transfer);
    } catch (error) {
      this.#joinable = false;
      this.#started.reject(error);
      await this.#parts.memberships.heed(this.repository, error);
      throw error;
    }
  }

  async #begin({ transfer, held }: FillStart): Promise<GrowingBlob> {
    try {
      return await this.#parts.blobs.begin(this.digest, transfer.size, held);
    } catch (error) {
      transfer.destroy();
      await held?.fail(error);
      await held?.release();
      throw error;
    }
  }

  async #fill(growing: GrowingBlob, first: BlobTransfer): Promise<void> {
    try {
      const { host } = this.repository;
      const { observer, resumeDelays } = this.#parts;
      const { signal } = this.#abort;
      const open = (offset: number): Promise<BlobTransfer> => this.#open(offset);
      await new Reception({ growing, host, observer, resumeDelays, open, signal }).run(first);
      growing.verify();
      await this.#noteMembership();
      await this.#parts.blobs.keep(growing, undefined, this.repository.audience === 'some');
    } catch (error) {
      if (error instanceof DigestMismatchError) await this.#reportMismatch(growing, error);
      if (this.#leavesUsable(error)) await this.#parts.blobs.setAside(growing, error);
      else await growing.fail(error);
      throw error;
    } finally {
      this.#joinable = false;
      await growing.release();
    }
  }

  /** Only now: a page of HTML in the place of a blob does not show that the repository has it. */
  async #noteMembership(): Promise<void> {
    const { memberships } = this.#parts;
    await memberships.add(this.repository, [this.digest], this.#generation ?? 0);
  }

  /** Whether nothing speaks against the bytes that came in before the error. */
  #leavesUsable(error: unknown): boolean {
    if (error instanceof WrongSizeError) return false;
    const endedByOthers = error instanceof UpstreamError || error instanceof RegistryError;
    return endedByOthers || this.#abort.signal.aborted;
  }

  async #reportMismatch(
    growing: GrowingBlob,
    { expected, actual }: DigestMismatchError,
  ): Promise<void> {
    const head = await growing.head(natureBytes);
    const mismatch = {
      expected,
      actual,
      nature: contentNature(head),
      heldBefore: this.#heldBefore,
    };
    this.#parts.observer.digestMismatched(this.repository.host, mismatch);
  }

  #openPatiently(offset: number): Promise<BlobTransfer> {
    return openPatiently(() => this.#open(offset), this.#parts, this.#abort.signal);
  }

  #open(offset: number): Promise<BlobTransfer> {
    const { repository, digest } = this;
    const { observer } = this.#parts;
    return BlobTransfer.open(offset, { repository, digest, observer, signal: this.#abort.signal });
  }
}
