import { referenceText, type Reference } from '../registry/reference.ts';
import { repositoryKey, type Repository } from '../store/catalog.ts';

/** The one way in which an image's name is shown and carried: `docker.io/library/alpine:3.20`. */
export function wholeName(repository: Repository, reference: Reference): string {
  const separator = reference.kind === 'tag' ? ':' : '@';
  return `${repositoryKey(repository)}${separator}${referenceText(reference)}`;
}
