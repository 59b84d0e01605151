import leven from 'leven';

/**
 * The known name that was probably meant, if any is near enough. Case and separators don't count:
 * `max_size` is near to `maxSize`.
 */
export function nearestName(text: string, known: readonly string[]): string | undefined {
  const target = plain(text);
  const furthest = Math.max(1, Math.floor(target.length / 3));
  const ranked = known
    .map((name) => ({ name, distance: leven(target, plain(name)) }))
    .filter(({ distance }) => distance <= furthest)
    .toSorted((one, other) => one.distance - other.distance);
  return ranked[0]?.name;
}

/** A question for the end of a message; empty where there is no suggestion. */
export function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean ${name}?`;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.[\]]/g, '');
}
