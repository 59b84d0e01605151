import { matchesAny, type Glob } from '../registry/glob.ts';
import type { Tag } from '../registry/reference.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';

/** How long some tags are served without asking. */
export interface TagRule {
  /** It is for tags that match one of these. */
  readonly tags: readonly Glob[];
  /** It is for repositories that match one of these; absent: for all. */
  readonly repositories?: readonly Glob[] | undefined;
  /** Milliseconds for which they are served without asking; 0 asks each time. */
  readonly freshness: number;
}

/** How long tags are served without asking. */
export interface TagFreshness {
  /** Looked through in their order: the first one that is for a tag decides. */
  readonly tagRules: readonly TagRule[];
  /** Milliseconds for the tags that no rule is for; 0 asks each time. */
  readonly tagFreshness: number;
}

/** For how many milliseconds a tag is served without asking. */
export function freshnessOf(
  { tagRules, tagFreshness }: TagFreshness,
  name: RepositoryName,
  tag: Tag,
): number {
  const rule = tagRules.find(
    ({ tags, repositories }) =>
      matchesAny(tags, tag) && (repositories === undefined || matchesAny(repositories, name)),
  );
  return rule?.freshness ?? tagFreshness;
}
