import type { Brand } from './brand.ts';

/** A validated repository name such as `library/alpine`. */
export type RepositoryName = Brand<string, 'RepositoryName'>;

// distribution/reference caps the path at 255 characters; the spec leaves the limit to clients.
const maximumLength = 255;

// OCI distribution-spec, "Pulling manifests": the grammar of <name>, one component at a time.
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** Reads a repository name by the grammar of the OCI distribution-spec; `undefined` when it is none. */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  if (text.length === 0 || text.length > maximumLength) return undefined;
  return text.split('/').every((part) => component.test(part))
    ? (text as RepositoryName)
    : undefined;
}
