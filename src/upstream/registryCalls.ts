import type { Digest } from '../registry/digest.ts';
import { manifestAccept, mediaTypes } from '../registry/mediaType.ts';
import { referenceText, type Reference } from '../registry/reference.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';
import type { Call, LogInCall } from './call.ts';
import type { UpstreamAgents } from './upstreamAgents.ts';

/** Words the calls to one registry (OCI distribution-spec, "Endpoints"). */
export class RegistryCalls {
  /** The address of `/v2/`. */
  readonly ping: URL;
  readonly #base: URL;
  readonly #agents: UpstreamAgents;

  /** `base` is the address above `/v2/`. */
  constructor(base: URL, agents: UpstreamAgents) {
    this.#base = base;
    this.#agents = agents;
    this.ping = this.#address('', '');
  }

  /** A HEAD or GET of a manifest, in every type that is pulled today. */
  manifest(method: 'GET' | 'HEAD', repository: RepositoryName, reference: Reference): Call {
    return {
      operation: method === 'HEAD' ? 'manifest_head' : 'manifest_get',
      subject: `manifest ${referenceText(reference)} of ${repository}`,
      repository,
      method,
      url: this.#address(`${repository}/manifests/${referenceText(reference)}`, ''),
      headers: { accept: manifestAccept },
      redirects: 'follow',
      dispatcher: this.#agents.api,
      repeats: true,
    };
  }

  /** A GET of a blob from an offset; `Range` is left out at 0, where not every server minds it. */
  blob(repository: RepositoryName, digest: Digest, offset: number): Call {
    return {
      operation: 'blob_get',
      subject: `blob ${digest} of ${repository}`,
      repository,
      method: 'GET',
      url: this.#address(`${repository}/blobs/${digest}`, ''),
      headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
      redirects: 'follow',
      dispatcher: this.#agents.blob,
      // The fill does that, and from where it stands.
      repeats: false,
    };
  }

  /**
   * Asks whether there is a blob by a GET of its first byte: public.ecr.aws answers 401 to HEAD on
   * blobs.
   */
  blobPresence(repository: RepositoryName, digest: Digest): Call {
    const call = this.blob(repository, digest, 0);
    return { ...call, headers: { range: 'bytes=0-0' }, repeats: true };
  }

  /** A page of tags. */
  tags(repository: RepositoryName, query: string): Call {
    return {
      operation: 'tags',
      subject: `tags of ${repository}`,
      repository,
      method: 'GET',
      url: this.#address(`${repository}/tags/list`, query),
      headers: { accept: 'application/json' },
      redirects: 'follow',
      dispatcher: this.#agents.api,
      repeats: true,
    };
  }

  /** A page of referrers. */
  referrers(repository: RepositoryName, digest: Digest, query: string): Call {
    return {
      operation: 'referrers',
      subject: `referrers of ${digest} in ${repository}`,
      repository,
      method: 'GET',
      url: this.#address(`${repository}/referrers/${digest}`, query),
      headers: { accept: mediaTypes.ociIndex },
      redirects: 'follow',
      dispatcher: this.#agents.api,
      repeats: true,
    };
  }

  /** A GET of `/v2/`, as `docker login` ends with it: 200 for those who are logged in. */
  logIn(): LogInCall {
    return {
      operation: 'token',
      subject: 'a log-in',
      method: 'GET',
      url: this.ping,
      headers: {},
      redirects: 'none',
      dispatcher: this.#agents.api,
      repeats: true,
    };
  }

  #address(path: string, query: string): URL {
    const url = new URL(`/v2/${path}`, this.#base);
    url.search = query;
    return url;
  }
}
