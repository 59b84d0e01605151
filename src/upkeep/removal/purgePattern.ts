import type { Digest } from '../../registry/digest.ts';
import { matchesImage, type ImagePattern } from '../../registry/imagePattern.ts';
import type { Tag } from '../../registry/reference.ts';
import type { Repository } from '../../store/catalog.ts';

/** What is to be purged, as an operator wrote it. */
export class PurgePattern {
  readonly text: string;
  readonly #pattern: ImagePattern;
  #matched = false;

  constructor(text: string, pattern: ImagePattern) {
    this.text = text;
    this.#pattern = pattern;
  }

  /** Whether anything that it was compared with was like it. */
  get matched(): boolean {
    return this.#matched;
  }

  /** Whether images of the repository can be like it. */
  concerns(repository: Repository): boolean {
    const { host, repository: name } = this.#pattern;
    return (host === undefined || host.matches(repository.host)) && name.matches(repository.name);
  }

  /** Whether it is for all that the repository has, which is noted. */
  takesAll(repository: Repository): boolean {
    const { tag, digest } = this.#pattern;
    return this.#note(tag === undefined && digest === undefined && this.concerns(repository));
  }

  /** Whether an image is like it, which is noted. */
  takes(repository: Repository, tag: Tag | undefined, digest: Digest): boolean {
    return this.#note(matchesImage(this.#pattern, { repository, tag, digest }));
  }

  #note(taken: boolean): boolean {
    this.#matched ||= taken;
    return taken;
  }
}
