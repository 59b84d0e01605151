import { RegistryError } from '../registry/errors.ts';
import { parseRepositoryName } from '../registry/repositoryName.ts';
import type {
  MirroredRepository,
  MirroredUpstream,
  MirroredUpstreams,
} from './mirroredUpstream.ts';

/**
 * Finds the repository that a request means: on the upstream that `ns` names, else on the one that the
 * first path component names, else on the default one. containerd, BuildKit and dockerd with the
 * containerd store send `ns`; podman puts the upstream's host into the path.
 * @throws {RegistryError} `NAME_UNKNOWN` for an `ns` that is not configured, `NAME_INVALID`
 */
export function findRepository(
  upstreams: MirroredUpstreams,
  segments: readonly string[],
  ns: string | undefined,
): MirroredRepository {
  if (ns !== undefined) {
    const named = findUpstream(upstreams, ns);
    if (named === undefined) {
      throw new RegistryError('NAME_UNKNOWN', { message: 'ns names no upstream of this mirror' });
    }
    return repositoryOn(named, segments);
  }
  const [first = '', ...rest] = segments;
  const prefixed = rest.length > 0 ? findUpstream(upstreams, first) : undefined;
  return prefixed === undefined
    ? repositoryOn(upstreams.default, segments)
    : repositoryOn(prefixed, rest);
}

/** In lower case some letters beyond ASCII become ASCII ones, so a name that holds them is none. */
function findUpstream(upstreams: MirroredUpstreams, name: string): MirroredUpstream | undefined {
  return /^[!-~]+$/.test(name) ? upstreams.find(name) : undefined;
}

function repositoryOn(mirrored: MirroredUpstream, segments: readonly string[]): MirroredRepository {
  const full =
    mirrored.impliesLibrary && segments.length === 1 ? ['library', ...segments] : segments;
  // Joining would make one name of two: a segment must not hold a slash of its own.
  const whole = full.some((segment) => segment.includes('/')) ? '' : full.join('/');
  const name = parseRepositoryName(whole);
  if (name === undefined) throw new RegistryError('NAME_INVALID');
  return { ...mirrored, host: mirrored.upstream.host, name };
}
