import type { MirroredRepository } from '../../mirror/mirroredUpstream.ts';
import type { LayoutImage } from '../../registry/ociLayout.ts';
import { parseTag, type Reference } from '../../registry/reference.ts';
import type { ImageSelector } from '../imageSelector.ts';
import { UpkeepError } from '../upkeepError.ts';
import { wholeName } from '../wholeName.ts';

/** What an image of an archive is to be called. */
export interface ImportedName {
  readonly repository: MirroredRepository;
  readonly reference: Reference;
  /** The whole name, in one way of writing it. */
  readonly text: string;
}

/**
 * The name of an image as an archive says it: whole, or only its tag, or not at all; then it is one of the
 * repository `given`, whose own tag counts where the archive says none.
 * @throws {UpkeepError} `invalid`, with what to do
 */
export function importedName(
  { descriptor: { digest }, wholeName: whole, referenceName }: LayoutImage,
  given: string | undefined,
  selector: ImageSelector,
): ImportedName {
  const name = selector.name(whole ?? completed(referenceName, given, digest));
  const { repository, reference } = name;
  if (reference.kind === 'digest' && reference.digest !== digest) {
    const message = `the archive calls ${digest} by the name of ${reference.digest}`;
    throw new UpkeepError('invalid', message);
  }
  return { repository, reference, text: wholeName(repository, reference) };
}

/** skopeo writes the name that it was given, and containerd the tag alone beside its own annotation. */
function completed(said: string | undefined, given: string | undefined, digest: string): string {
  const tag = said === undefined ? undefined : parseTag(said);
  if (said !== undefined && tag === undefined) return said;
  const known = tag === undefined ? 'no name' : `only the tag ${tag}`;
  if (given === undefined) {
    const message = `the archive says ${known} for ${digest}: give its repository with --name, such as docker.io/library/alpine`;
    throw new UpkeepError('invalid', message);
  }
  if (tag === undefined) return given;
  if (namesMoreThanRepository(given)) {
    const message = `the archive says ${known} for ${digest}: --name takes the repository alone then`;
    throw new UpkeepError('invalid', message);
  }
  return `${given}:${tag}`;
}

/** A colon before the last slash is that of a port. */
function namesMoreThanRepository(name: string): boolean {
  return /[:@]/.test(name.slice(name.lastIndexOf('/') + 1));
}
