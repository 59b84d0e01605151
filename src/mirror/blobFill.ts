import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { BlobStore } from '../store/blobStore.ts';
import { DigestMismatchError, type GrowingBlob } from '../store/growingBlob.ts';
import type { BlobBody } from '../upstream/upstream.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { MirrorObserver } from './mirrorObserver.ts';

/** What a {@link BlobFill} works with. */
export interface FillParts {
  readonly blobs: BlobStore;
  readonly observer: MirrorObserver;
  /** Milliseconds to wait before the resumes of a broken transfer; as many as there are entries. */
  readonly resumeDelays: readonly number[];
}

// Chunks that came in while the disk was busy go down together, up to this many bytes.
const writeBatch = 1024 * 1024;

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

  /** Ends the transfer; readers are cut off. */
  abort(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    try {
      const first = await this.#open(0);
      const growing = await this.#begin(first);
      this.#growing = growing;
      this.#started.resolve(growing);
      await this.#fill(growing, first);
    } catch (error) {
      this.#started.reject(error);
      throw error;
    }
  }

  async #begin(first: BlobBody): Promise<GrowingBlob> {
    try {
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
      await growing.fail(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
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

  async #open(offset: number): Promise<BlobBody> {
    const { upstream, name } = this.repository;
    const transfer = await upstream.getBlob(name, this.digest, offset, this.#abort.signal);
    if (transfer === undefined) {
      throw new RegistryError('BLOB_UNKNOWN', { detail: { digest: this.digest } });
    }
    return transfer;
  }

  /** Writes one transfer down, less what is held already of it. */
  async #pump(growing: GrowingBlob, { offset, size, body }: BlobBody): Promise<void> {
    const { host } = this.repository;
    try {
      if (size !== undefined && growing.size !== undefined && size !== growing.size) {
        throw new Error(`${host} now says that ${this.digest} has another size`);
      }
      await pour(body, this.#received(body), growing.length - offset, (chunks) =>
        growing.append(chunks),
      );
    } finally {
      body.destroy();
    }
    if (growing.size !== undefined && growing.length < growing.size) {
      throw new UpstreamError(host, 'unreachable', `broke off ${this.digest}`);
    }
  }

  /** The chunks of a body, with its faults told apart from the disk's. */
  async *#received(body: Readable): AsyncGenerator<Buffer> {
    const { host } = this.repository;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        this.#parts.observer.pulledBytes(host, 'blob', chunk.length);
        yield chunk;
      }
    } catch (cause) {
      throw new UpstreamError(host, 'unreachable', `broke off ${this.digest}`, { cause });
    }
  }
}

/**
 * Passes chunks on in batches: at once while the network is the slower side, and up to
 * {@link writeBatch} bytes together while the disk is.
 */
async function pour(
  body: Readable,
  received: AsyncIterable<Buffer>,
  skip: number,
  write: (chunks: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  let toSkip = skip;
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of received) {
    const fresh = chunk.subarray(Math.min(toSkip, chunk.length));
    toSkip -= chunk.length - fresh.length;
    batch.push(fresh);
    bytes += fresh.length;
    if (bytes < writeBatch && body.readableLength > 0) continue;
    await write(batch);
    batch = [];
    bytes = 0;
  }
  if (bytes > 0) await write(batch);
}
