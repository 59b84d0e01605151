import { request, type Dispatcher } from 'undici';
import { fixedBlob, type BlobContent } from '../support/blobContent.ts';
import type { ManifestContent } from '../support/images.ts';
import { allEnded } from './allEnded.ts';
import { Download } from './download.ts';
import { lieIn } from './judge.ts';
import { HungUp, PullFailure } from './pullFailure.ts';
import type { PullPlan } from './pullPlan.ts';
import { read, type Reading } from './reading.ts';

/** Where a pull goes, and what it tells of. */
export interface PullParts {
  readonly url: string;
  readonly dispatcher: Dispatcher;
  /** Whether the Hub ever spoilt an answer with this content. */
  readonly everSpoilt: (digest: string) => boolean;
  /** An answer was wrong in a way that nothing excuses. */
  readonly lied: (what: string) => void;
  /** A request for the rest of something went out. */
  readonly resumed: () => void;
}

/** How one attempt went. */
export type Attempt =
  /** `wasHeld`: everything but the tag came from what the mirror held. */
  | { readonly outcome: 'complete'; readonly wasHeld: boolean }
  | { readonly outcome: 'hung up' }
  | { readonly outcome: 'failed'; readonly why: string };

// As many as Docker takes, see "body cut, FIN" in what clients do.
const patientResumes = 5;

/** One pull of one image by one client, in as many attempts as it takes. */
export class Pull {
  readonly #plan: PullPlan;
  readonly #parts: PullParts;
  readonly #downloads: readonly Download[];
  #hangUp: PullPlan['hangUp'];
  #received = 0;

  constructor(plan: PullPlan, parts: PullParts) {
    this.#plan = plan;
    this.#parts = parts;
    this.#hangUp = plan.hangUp;
    this.#downloads = plan.target.blobs.map((blob) => new Download(blob, plan.parts));
  }

  /**
   * Pulls what is not there yet. `strict`: one short answer is a failure; otherwise the rest is asked for.
   * Never rejects.
   */
  async attempt(strict: boolean): Promise<Attempt> {
    const controller = new AbortController();
    try {
      const wasHeld = await this.#pullAll(controller, strict);
      return { outcome: 'complete', wasHeld };
    } catch (error) {
      if (!(error instanceof HungUp)) return { outcome: 'failed', why: String(error) };
      const { returns } = this.#hangUp ?? { returns: false };
      this.#hangUp = undefined;
      return returns ? this.attempt(strict) : { outcome: 'hung up' };
    }
  }

  async #pullAll(controller: AbortController, strict: boolean): Promise<boolean> {
    const { target, by, asksFirst } = this.#plan;
    const [first] = target.manifests;
    if (first === undefined) throw new Error('an image has a manifest');
    const reference = by === 'tag' ? target.tag : first.digest;
    if (asksFirst) await this.#head(reference, controller.signal);
    let wasHeld = true;
    for (const manifest of target.manifests) {
      const named = manifest === first ? reference : manifest.digest;
      const { cache } = await this.#manifest(manifest, named, controller);
      wasHeld &&= cache === 'hit' || (named === target.tag && cache === 'revalidated');
    }
    const resumes = strict ? 0 : patientResumes;
    const ask = (blob: BlobContent, start: number, end: number): Promise<Reading> =>
      this.#bytes(blob, start, end, controller);
    await allEnded(
      this.#downloads.map(async (download) => {
        try {
          await download.fetch(ask, resumes);
        } catch (error) {
          controller.abort(error);
          throw error;
        }
      }),
    );
    return wasHeld && this.#downloads.every((download) => download.wasHeld);
  }

  async #head(reference: string, signal: AbortSignal): Promise<void> {
    const url = this.#address('manifests', reference);
    const { dispatcher } = this.#parts;
    const { statusCode, body } = await request(url, { method: 'HEAD', dispatcher, signal });
    await body.dump();
    if (statusCode !== 200) throw new PullFailure(`HEAD of ${reference}: ${statusCode}`);
  }

  async #manifest(
    { bytes, digest }: ManifestContent,
    reference: string,
    controller: AbortController,
  ): Promise<Reading> {
    const content = fixedBlob(bytes);
    const url = this.#address('manifests', reference);
    const reading = await read(url, content, 0, this.#options(controller, {}));
    this.#judge(reading, content, digest, 0, content.size);
    const { status } = reading;
    if (status !== 200) throw new PullFailure(`manifest ${reference}: ${status}`);
    if (reading.bytes < content.size) throw new PullFailure(`manifest ${reference} ended short`);
    return reading;
  }

  async #bytes(
    blob: BlobContent,
    start: number,
    end: number,
    controller: AbortController,
  ): Promise<Reading> {
    const isWhole = start === 0 && end === blob.size;
    const headers: Record<string, string> = isWhole ? {} : { range: `bytes=${start}-${end - 1}` };
    if (start > 0) this.#parts.resumed();
    const url = this.#address('blobs', blob.digest);
    const reading = await read(url, blob, start, this.#options(controller, headers));
    this.#judge(reading, blob, blob.digest, start, end);
    return reading;
  }

  #judge(
    reading: Reading,
    { size }: BlobContent,
    digest: string,
    start: number,
    end: number,
  ): void {
    const everSpoilt = this.#parts.everSpoilt(digest);
    const lie = lieIn(reading, { subject: digest, size, start, end, everSpoilt });
    if (lie !== undefined) this.#parts.lied(lie);
  }

  #options(controller: AbortController, headers: Readonly<Record<string, string>>) {
    const { dispatcher } = this.#parts;
    const received = (bytes: number): void => {
      this.#received += bytes;
      if (this.#hangUp !== undefined && this.#received >= this.#hangUp.afterBytes) {
        controller.abort(new HungUp());
      }
    };
    return { dispatcher, headers, signal: controller.signal, slow: this.#plan.slow, received };
  }

  #address(kind: 'manifests' | 'blobs', reference: string): string {
    return `${this.#parts.url}/v2/${this.#plan.target.repository}/${kind}/${reference}`;
  }
}
