import type {
  MirroredRepository,
  MirroredUpstream,
  MirroredUpstreams,
} from '../mirror/mirroredUpstream.ts';
import { findRepository } from '../mirror/repositoryLookup.ts';
import { RegistryError } from '../registry/errors.ts';
import { parseGlob } from '../registry/glob.ts';
import { parseImageName, wantedReference, type ImageName } from '../registry/imageName.ts';
import { exactPart, parseImagePattern, type ImagePattern } from '../registry/imagePattern.ts';
import type { Reference } from '../registry/reference.ts';
import type { Repository } from '../store/catalog.ts';
import { UpkeepError } from './upkeepError.ts';

/** An image that somebody named. */
export interface SelectedImage<Of extends Repository = MirroredRepository> {
  readonly repository: Of;
  readonly reference: Reference;
}

/** Finds out which images a person means, by the upstreams that there are. */
export class ImageSelector {
  readonly #upstreams: MirroredUpstreams;

  constructor(upstreams: MirroredUpstreams) {
    this.#upstreams = upstreams;
  }

  /**
   * The image that a name means, to be asked for. Without tag and digest that is `latest`; with both the
   * digest counts, as for Docker.
   * @throws {UpkeepError} `invalid`, when it is no name or its host is no upstream
   */
  name(text: string): SelectedImage {
    const name = parsedName(text);
    const { host } = name;
    if (host !== undefined && this.#upstreams.find(host) === undefined) {
      throw invalid(`${host} is no upstream of this mirror: add it under upstreams`);
    }
    return { repository: this.#repository(name, text), reference: wantedReference(name) };
  }

  /**
   * The image that a name means, to be looked for among those that are held: its upstream may have been
   * taken out of the configuration.
   * @throws {UpkeepError} `invalid`, when it is no name
   */
  held(text: string): SelectedImage<Repository> {
    const name = parsedName(text);
    const { host, path } = name;
    if (host === undefined || this.#upstreams.find(host) !== undefined) return this.name(text);
    return { repository: { host, name: path }, reference: wantedReference(name) };
  }

  /**
   * The images that a pattern means. Its host may be one that is no upstream any more.
   * @throws {UpkeepError} `invalid`, when it is no pattern
   */
  pattern(text: string): ImagePattern {
    const parsed = parseImagePattern(text);
    if (parsed === undefined) throw invalid(`${quoted(text)} is no pattern for images: ${example}`);
    const { host } = parsed;
    if (host !== undefined) {
      const named = this.#upstreams.find(host.text);
      return named === undefined ? parsed : patternOn(named, parsed, parsed.repository.text);
    }
    const path = parsed.repository.text;
    const slash = path.indexOf('/');
    const prefixed = slash === -1 ? undefined : this.#upstreams.find(path.slice(0, slash));
    return prefixed === undefined
      ? patternOn(this.#upstreams.default, parsed, path)
      : patternOn(prefixed, parsed, path.slice(slash + 1));
  }

  #repository({ host, path }: ImageName, text: string): MirroredRepository {
    try {
      return findRepository(this.#upstreams, path.split('/'), host);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      throw invalid(`${quoted(text)} is no image: ${error.message}`);
    }
  }
}

function parsedName(text: string): ImageName {
  const name = parseImageName(text);
  if (name === undefined) throw invalid(`${quoted(text)} is no name of an image: ${example}`);
  return name;
}

/** `**` means everything that an upstream has, on Docker Hub too. */
function patternOn(
  { upstream, impliesLibrary }: MirroredUpstream,
  pattern: ImagePattern,
  path: string,
): ImagePattern {
  const whole = impliesLibrary && !path.includes('/') && path !== '**' ? `library/${path}` : path;
  const repository = parseGlob(whole);
  if (repository === undefined) throw invalid(`${quoted(path)} is no pattern for repositories`);
  return { ...pattern, host: exactPart(upstream.host), repository };
}

const example = 'write it like alpine:3.20, ghcr.io/acme/app or acme/app@sha256:…';

/** Escaped, for it goes to a terminal. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function invalid(message: string): UpkeepError {
  return new UpkeepError('invalid', message);
}
