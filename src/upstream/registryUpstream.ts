import type { Digest } from '../registry/digest.ts';
import type { Reference } from '../registry/reference.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import { readBlobBody } from './blobAnswer.ts';
import type { Call } from './call.ts';
import type { CallLane } from './callLane.ts';
import { readAbsence, readContent, refuseCoding } from './contentAnswer.ts';
import type { ConnectionSlot } from './connectionSlots.ts';
import type { Deadline } from './deadline.ts';
import { lacksReferrers, readReferrers, readTags } from './listAnswer.ts';
import { manifestHeadOf, mediaTypeOf, readManifestHead } from './manifestAnswer.ts';
import type { ResponseHeaders } from './headers.ts';
import type { Reachability } from './reachability.ts';
import type { RegistryCalls } from './registryCalls.ts';
import type { RegistryClient } from './registryClient.ts';
import { abandon, drain, finish } from './responseBody.ts';
import { SingleFlight } from './singleFlight.ts';
import type {
  BlobBody,
  ManifestBody,
  ManifestHead,
  ReferrersPage,
  TagPage,
  Upstream,
} from './upstream.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';
import type { UpstreamLimits } from './upstreamLimits.ts';

/** What an upstream is made from. */
export interface RegistryUpstreamOptions {
  readonly context: UpstreamContext;
  readonly calls: RegistryCalls;
  readonly client: RegistryClient;
  readonly limits: Pick<UpstreamLimits, 'manifest' | 'list'>;
  readonly reachability: Reachability;
  /** What manifests are asked through. */
  readonly apiLane: CallLane;
  readonly listLane: CallLane;
  readonly blobLane: CallLane;
  /** Takes back the memory of pieces of blobs. */
  readonly recycle: (piece: Buffer) => void;
}

interface DoubtedBlob {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

/** A registry that is asked over HTTP. */
export class RegistryUpstream implements Upstream {
  readonly host: string;
  readonly #context: UpstreamContext;
  readonly #calls: RegistryCalls;
  readonly #client: RegistryClient;
  readonly #limits: Pick<UpstreamLimits, 'manifest' | 'list'>;
  readonly #reachability: Reachability;
  readonly #apiLane: CallLane;
  readonly #listLane: CallLane;
  readonly #blobLane: CallLane;
  readonly #recycle: (piece: Buffer) => void;
  readonly #doubts = new SingleFlight<'blobs', boolean>();
  /** The blob that could not be had last. */
  #doubted: DoubtedBlob | undefined;

  constructor(options: RegistryUpstreamOptions) {
    this.host = options.context.host;
    this.#context = options.context;
    this.#calls = options.calls;
    this.#client = options.client;
    this.#limits = options.limits;
    this.#reachability = options.reachability;
    this.#apiLane = options.apiLane;
    this.#listLane = options.listLane;
    this.#blobLane = options.blobLane;
    this.#recycle = options.recycle;
  }

  get lastAnswerAt(): number | undefined {
    return this.#reachability.lastAnswerAt;
  }

  canGiveBlobs(): Promise<boolean> {
    if (!this.#blobLane.inDoubt) return Promise.resolve(true);
    return this.#doubts.run('blobs', () => this.#findOut()).promise;
  }

  /** Asks for the blob that could not be had last; the lane knows the rest. */
  async #findOut(): Promise<boolean> {
    if (this.#doubted === undefined) return false;
    const { repository, digest } = this.#doubted;
    const call = this.#calls.blobPresence(repository, digest);
    const probe = { ...call, subject: `probe for ${call.subject}` };
    await Promise.allSettled([this.#presence(probe)]);
    return !this.#blobLane.inDoubt;
  }

  /** A registry that knows no HEAD (405) is asked by GET instead. */
  headManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<ManifestHead | undefined> {
    const call = this.#calls.manifest('HEAD', repository, reference);
    return this.#apiLane.run(call, async (deadline) => {
      const answer = await this.#client.ask(call, deadline);
      if (answer.status === 405) {
        drain(answer.body);
        const get = this.#calls.manifest('GET', repository, reference);
        const manifest = await this.#fetchManifest(get, deadline);
        return manifest && manifestHeadOf(manifest);
      }
      if (answer.status !== 200) return await readAbsence(answer, call, this.#context);
      await finish(answer.body);
      return readManifestHead(answer.headers);
    });
  }

  getManifest(repository: RepositoryName, reference: Reference): Promise<ManifestBody | undefined> {
    const call = this.#calls.manifest('GET', repository, reference);
    return this.#apiLane.run(call, (deadline) => this.#fetchManifest(call, deadline));
  }

  getBlob(
    repository: RepositoryName,
    digest: Digest,
    offset: number,
    signal: AbortSignal,
  ): Promise<BlobBody | undefined> {
    const call = this.#calls.blob(repository, digest, offset);
    const work = async (
      deadline: Deadline,
      slot: ConnectionSlot,
    ): Promise<BlobBody | undefined> => {
      const answer = await this.#client.ask(call, deadline);
      const { status } = answer;
      if (status !== 200 && status !== 206) return await readAbsence(answer, call, this.#context);
      refuseCoding(answer, call, this.#context);
      const blob = readBlobBody(answer, offset, call, this.#context);
      slot.lendTo(blob.body);
      return { ...blob, recycle: this.#recycle };
    };
    return this.#doubting({ repository, digest }, this.#blobLane.run(call, work, signal));
  }

  /**
   * A redirect alone proves nothing: registry.k8s.io redirects whatever it is asked for. An empty blob
   * has no first byte: 416. Storage that does not tell what it lacks answers 403.
   */
  hasBlob(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const call = this.#calls.blobPresence(repository, digest);
    return this.#doubting({ repository, digest }, this.#presence(call));
  }

  #presence(call: Call): Promise<boolean> {
    return this.#blobLane.run(call, async (deadline) => {
      const answer = await this.#client.ask(call, deadline);
      const { status, elsewhere } = answer;
      if (status === 200 || status === 206 || status === 416) {
        abandon(answer.body);
        return status !== 200 || !isText(answer.headers);
      }
      if (elsewhere && status === 403) {
        drain(answer.body);
        return false;
      }
      await readAbsence(answer, call, this.#context);
      return false;
    });
  }

  listTags(repository: RepositoryName, query: string): Promise<TagPage | undefined> {
    const call = this.#calls.tags(repository, query);
    return this.#listLane.run(call, async (deadline) => {
      const answer = await this.#client.ask(call, deadline);
      if (answer.status !== 200) return await readAbsence(answer, call, this.#context);
      const bytes = await readContent(answer, this.#limits.list, call, this.#context);
      return readTags(bytes, answer, call, this.#context);
    });
  }

  listReferrers(
    repository: RepositoryName,
    digest: Digest,
    query: string,
  ): Promise<ReferrersPage | undefined> {
    const call = this.#calls.referrers(repository, digest, query);
    return this.#listLane.run(call, async (deadline) => {
      const answer = await this.#client.ask(call, deadline);
      if (lacksReferrers(answer)) {
        abandon(answer.body);
        return undefined;
      }
      if (answer.status !== 200) return await readAbsence(answer, call, this.#context);
      const bytes = await readContent(answer, this.#limits.list, call, this.#context);
      return readReferrers(bytes, answer, call);
    });
  }

  /** Remembers the blob if it can't be had: to ask for it again shows whether blobs can. */
  async #doubting<T>(blob: DoubtedBlob, asking: Promise<T>): Promise<T> {
    try {
      return await asking;
    } catch (error) {
      if (error instanceof UpstreamError && error.failure !== 'busy') this.#doubted = blob;
      throw error;
    }
  }

  async #fetchManifest(call: Call, deadline: Deadline): Promise<ManifestBody | undefined> {
    const answer = await this.#client.ask(call, deadline);
    if (answer.status !== 200) return await readAbsence(answer, call, this.#context);
    const bytes = await readContent(answer, this.#limits.manifest, call, this.#context);
    return { mediaType: mediaTypeOf(answer.headers), bytes };
  }
}

/** A page of a captive portal, say, where bytes were asked for. */
function isText(headers: ResponseHeaders): boolean {
  return mediaTypeOf(headers).startsWith('text/');
}
