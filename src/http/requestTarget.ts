import { RegistryError } from '../registry/errors.ts';

/** The address of a request, taken apart. */
export interface RequestTarget {
  /** As the client sent it, without the query. */
  readonly path: string;
  /** The registry whose content is meant, which containerd and BuildKit add to what they ask a mirror. */
  readonly ns: string | undefined;
  /** The query without `ns`. */
  readonly query: URLSearchParams;
}

/**
 * Reads the request line's target. It is never made into a URL: that would resolve `..` and give
 * meaning to what has none here.
 * @throws {RegistryError} when `ns` is there more than once
 */
export function readTarget(target: string): RequestTarget {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1));
  const names = query.getAll('ns');
  if (names.length > 1) throw new RegistryError('REQUEST_INVALID', { message: 'more than one ns' });
  query.delete('ns');
  return { path, ns: names[0] === '' ? undefined : names[0], query };
}
