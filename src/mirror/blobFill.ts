import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../registry/digest.ts';
import type { BlobSource } from '../store/blobSource.ts';
import type { BlobStore } from '../store/blobStore.ts';
import { DigestMismatchError, type GrowingBlob } from '../store/growingBlob.ts';
import type { BlobBody } from '../upstream/upstream.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import { brokeOff, openTransfer, receivedChunks } from './blobTransfer.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { MirrorObserver } from './mirrorObserver.ts';
import { pour } from './pour.ts';

/** What a {@link BlobFill} works with. */
export interface FillParts {
  readonly blobs: BlobStore;
  readonly memberships: Memberships;
  readonly observer: MirrorObserver;
  /** Milliseconds to wait before the resumes of a broken transfer; as many as there are entries. */
  readonly resumeDelays: readonly number[];
}

/**
 * One blob on its way from an upstream into the store. It belongs to the cache: readers come and go,
 * and it goes on without any. A transfer that breaks is taken up again where it broke, through a
 * fresh redirect, before a reader can notice.
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

  /** Ends the transfer; readers are cut off. */
  abort(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    try {
      const generation = await this.#parts.memberships.generation(this.repository);
      const first = await this.#open(0);
      const growing = await this.#begin(first, generation);
      this.#growing = growing;
      this.#started.resolve(growing);
      await this.#fill(growing, first);
    } catch (error) {
      this.#joinable = false;
      this.#started.reject(error);
      throw error;
    }
  }

  async #begin(first: BlobBody, generation: number): Promise<GrowingBlob> {
    try {
      await this.#parts.memberships.add(this.repository, [this.digest], generation);
      return await this.#parts.blobs.begin(this.digest, first.size);
    } catch (error) {
      first.body.destroy();
      throw error;
    }
  }

  async #fill(growing: GrowingBlob, first: BlobBody): Promise<void> {
    try {
      await this.#receive(growing, first);
      growing.verify();
      await this.#parts.blobs.keep(growing);
    } catch (error) {
      if (error instanceof DigestMismatchError) {
        this.#parts.observer.digestMismatched(this.repository.host);
      }
      await growing.fail(error);
      throw error;
    } finally {
      this.#joinable = false;
      await growing.release();
    }
  }

  /** Takes in the whole blob, however often the transfer breaks on the way. */
  async #receive(growing: GrowingBlob, first: BlobBody): Promise<void> {
    const { resumeDelays } = this.#parts;
    let transfer: BlobBody | undefined = first;
    for (let failures = 0; ; failures += 1) {
      try {
        transfer ??= await this.#resume(growing);
        await this.#pump(growing, transfer);
        return;
      } catch (error) {
        if (growing.size === undefined && isBeyondEnd(error)) return;
        const delay = resumeDelays[failures];
        if (!(error instanceof UpstreamError) || delay === undefined) throw error;
        transfer = undefined;
        await sleep(delay, undefined, { signal: this.#abort.signal });
      }
    }
  }

  async #resume(growing: GrowingBlob): Promise<BlobBody> {
    const transfer = await this.#open(growing.length);
    this.#parts.observer.fillResumed(this.repository.host);
    return transfer;
  }

  #open(offset: number): Promise<BlobBody> {
    return openTransfer(this.repository, this.digest, offset, this.#abort.signal);
  }

  /** Writes one transfer down, less what is held already of it. */
  async #pump(growing: GrowingBlob, { offset, size, body }: BlobBody): Promise<void> {
    const { host } = this.repository;
    try {
      if (size !== undefined && growing.size !== undefined && size !== growing.size) {
        throw new Error(`${host} now says that ${this.digest} has another size`);
      }
      const { repository, digest } = this;
      const received = receivedChunks(repository, digest, body, this.#parts.observer);
      await pour(body, received, growing.length - offset, (chunks) =>
        this.#append(growing, chunks),
      );
    } finally {
      body.destroy();
    }
    if (growing.size !== undefined && growing.length < growing.size) {
      throw brokeOff(host, this.digest, 'it ended before its size was reached');
    }
  }

  /** Bytes beyond the size that clients were told would let them take the others for complete. */
  async #append(growing: GrowingBlob, chunks: readonly Buffer[]): Promise<void> {
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
    if (growing.size !== undefined && growing.length + bytes > growing.size) {
      throw new Error(`${this.repository.host} sent more of ${this.digest} than it said`);
    }
    await growing.append(chunks);
  }
}

/** A transfer of unknown size may have broken after its last byte: then there is none to resume from. */
function isBeyondEnd(error: unknown): boolean {
  return error instanceof UpstreamError && error.status === 416;
}
