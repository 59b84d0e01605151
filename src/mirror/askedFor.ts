import type { Audience, MirroredRepository } from './mirroredUpstream.ts';

const everybody = new WeakMap<MirroredRepository, MirroredRepository>();
const some = new WeakMap<MirroredRepository, MirroredRepository>();

/** The repository as one that is asked for everybody, or for those who may have it be it private or not. */
export function askedFor(
  repository: MirroredRepository,
  audience: Exclude<Audience, 'unconfirmed'>,
): MirroredRepository {
  // Those of known requests are the same objects time and again; to copy one takes as long as all else of a look-up.
  const known = audience === 'some' ? some : everybody;
  let asked = known.get(repository);
  if (asked === undefined) {
    asked = { ...repository, audience };
    known.set(repository, asked);
  }
  return asked;
}
