import type { Glob } from '../registry/glob.ts';

/** A repository as rules see it. */
export interface RuledRepository {
  /** The upstream's name, for instance `docker.io`. */
  readonly host: string;
  readonly name: string;
  /** Docker Hub's custom: a pattern of one component, such as `alpine`, means `library/alpine` too. */
  readonly impliesLibrary: boolean;
}

/** What a rule is for. */
export interface RepositoryRule {
  /** Patterns of names without the host. */
  readonly repositories: readonly Glob[];
  /** The upstream's name; `undefined`: any. */
  readonly upstream?: string | undefined;
}

interface Placed<Rule> {
  readonly place: number;
  readonly glob: Glob;
  readonly rule: Rule;
}

/** A rule, and its place among all. */
export interface FoundRule<Rule> {
  readonly place: number;
  readonly rule: Rule;
}

/**
 * Rules of which the first one that is for a repository counts. Those whose patterns begin with the same plain
 * component lie together: of ten thousand rules for as many namespaces, a name is compared with one.
 */
export class RepositoryRules<Rule extends RepositoryRule> {
  /** By the component that their patterns begin with; `undefined`: with one that may be many. */
  readonly #byStart = new Map<string | undefined, Placed<Rule>[]>();

  /** With their places, in their order. */
  constructor(rules: Iterable<FoundRule<Rule>>) {
    for (const { place, rule } of rules) {
      for (const glob of rule.repositories) this.#add({ place, glob, rule });
    }
  }

  /** The first rule that is for the repository; `undefined` when none is. */
  first(repository: RuledRepository): FoundRule<Rule> | undefined {
    let first: Placed<Rule> | undefined;
    for (const name of namesOf(repository)) {
      const [start] = name.split('/', 1);
      for (const key of [start, undefined]) {
        const found = this.#byStart
          .get(key)
          ?.find((placed) => isFor(placed, repository.host, name));
        if (found !== undefined && (first === undefined || found.place < first.place))
          first = found;
      }
    }
    return first;
  }

  #add(placed: Placed<Rule>): void {
    const start = plainStart(placed.glob);
    const others = this.#byStart.get(start);
    if (others === undefined) this.#byStart.set(start, [placed]);
    else others.push(placed);
  }
}

/** The rules of a list with their places in it. */
export function inOrder<Rule>(rules: readonly Rule[]): FoundRule<Rule>[] {
  return rules.map((rule, place) => ({ place, rule }));
}

/** The names that patterns may have for it. The short one is like no pattern of several components but those with `**`. */
function namesOf({ name, impliesLibrary }: RuledRepository): readonly string[] {
  const [, short] = impliesLibrary ? (/^library\/([^/]+)$/.exec(name) ?? []) : [];
  return short === undefined ? [name] : [name, short];
}

function isFor<Rule extends RepositoryRule>(
  { glob, rule }: Placed<Rule>,
  host: string,
  name: string,
): boolean {
  return (rule.upstream === undefined || rule.upstream === host) && glob.matches(name);
}

function plainStart({ text }: Glob): string | undefined {
  const [start = ''] = text.split('/', 1);
  return /[*?[]/.test(start) ? undefined : start;
}
