import type { Digest } from '../registry/digest.ts';
import type { Reference } from '../registry/reference.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import { readBlobBody } from './blobAnswer.ts';
import type { Call } from './call.ts';
import { readAbsence, readContent, refuseCoding } from './contentAnswer.ts';
import { Deadline } from './deadline.ts';
import { lacksReferrers, readReferrers, readTags } from './listAnswer.ts';
import { manifestHeadOf, mediaTypeOf, readManifestHead } from './manifestAnswer.ts';
import type { ResponseHeaders } from './headers.ts';
import { Reachability } from './reachability.ts';
import type { RegistryCalls } from './registryCalls.ts';
import type { RegistryClient } from './registryClient.ts';
import { abandon, drain } from './responseBody.ts';
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
  readonly limits: UpstreamLimits;
}

/** A registry that is asked over HTTP. */
export class RegistryUpstream implements Upstream {
  readonly host: string;
  readonly #context: UpstreamContext;
  readonly #calls: RegistryCalls;
  readonly #client: RegistryClient;
  readonly #limits: UpstreamLimits;
  readonly #reachability: Reachability;

  constructor({ context, calls, client, limits }: RegistryUpstreamOptions) {
    this.host = context.host;
    this.#context = context;
    this.#calls = calls;
    this.#client = client;
    this.#limits = limits;
    this.#reachability = new Reachability(context);
  }

  get lastAnswerAt(): number | undefined {
    return this.#reachability.lastAnswerAt;
  }

  /** A registry that knows no HEAD (405) is asked by GET instead. */
  headManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<ManifestHead | undefined> {
    const call = this.#calls.manifest('HEAD', repository, reference);
    return this.#within(call, async (deadline) => {
      const answer = await this.#client.ask(call, deadline);
      if (answer.status === 405) {
        drain(answer.body);
        const get = this.#calls.manifest('GET', repository, reference);
        const manifest = await this.#fetchManifest(get, deadline);
        return manifest && manifestHeadOf(manifest);
      }
      if (answer.status !== 200) return await readAbsence(answer, call, this.#context);
      drain(answer.body);
      return readManifestHead(answer.headers);
    });
  }

  getManifest(repository: RepositoryName, reference: Reference): Promise<ManifestBody | undefined> {
    const call = this.#calls.manifest('GET', repository, reference);
    return this.#within(call, (deadline) => this.#fetchManifest(call, deadline));
  }

  getBlob(
    repository: RepositoryName,
    digest: Digest,
    offset: number,
    signal: AbortSignal,
  ): Promise<BlobBody | undefined> {
    const call = this.#calls.blob(repository, digest, offset);
    const work = async (deadline: Deadline): Promise<BlobBody | undefined> => {
      const answer = await this.#client.ask(call, deadline);
      const { status } = answer;
      if (status !== 200 && status !== 206) return await readAbsence(answer, call, this.#context);
      refuseCoding(answer, call, this.#context);
      return readBlobBody(answer, offset, call, this.#context);
    };
    return this.#within(call, work, signal);
  }

  /**
   * A redirect alone proves nothing: registry.k8s.io redirects whatever it is asked for. An empty blob
   * has no first byte: 416. Storage that does not tell what it lacks answers 403.
   */
  hasBlob(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const call = this.#calls.blobPresence(repository, digest);
    return this.#within(call, async (deadline) => {
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
    return this.#within(call, async (deadline) => {
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
    return this.#within(call, async (deadline) => {
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

  async #fetchManifest(call: Call, deadline: Deadline): Promise<ManifestBody | undefined> {
    const answer = await this.#client.ask(call, deadline);
    if (answer.status !== 200) return await readAbsence(answer, call, this.#context);
    const bytes = await readContent(answer, this.#limits.manifest, call, this.#context);
    return { mediaType: mediaTypeOf(answer.headers), bytes };
  }

  /** Bounds a call in time and notes how it ended, unless its caller gave it up. */
  async #within<T>(
    { subject, operation }: Call,
    work: (deadline: Deadline) => Promise<T>,
    caller?: AbortSignal,
  ): Promise<T> {
    const expired = (): Error =>
      new UpstreamError(this.host, 'unreachable', `${subject}: no answer in time`);
    const { blobTimeout, callTimeout } = this.#limits;
    const timeout = operation === 'blob_get' ? blobTimeout : callTimeout;
    const deadline = new Deadline(timeout, expired, caller);
    try {
      const result = await work(deadline);
      this.#reachability.answered();
      return result;
    } catch (error) {
      if (!deadline.abandoned) this.#reachability.failed(error);
      throw error;
    } finally {
      deadline.lift();
    }
  }
}

/** A page of a captive portal, say, where bytes were asked for. */
function isText(headers: ResponseHeaders): boolean {
  return mediaTypeOf(headers).startsWith('text/');
}
