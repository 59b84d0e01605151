import type { Glob } from '../registry/glob.ts';

/** A repository as rules see it. */
export interface RuledRepository {
  /** The upstream's name, for instance `docker.io`. */
  readonly host: string;
  readonly name: string;
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
    const [start] = repository.name.split('/', 1);
    const [one, other] = [start, undefined].map((key) =>
      this.#byStart.get(key)?.find((placed) => isFor(placed, repository)),
    );
    if (one === undefined || other === undefined) return one ?? other;
    return one.place <= other.place ? one : other;
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

function isFor<Rule extends RepositoryRule>(
  { glob, rule }: Placed<Rule>,
  { host, name }: RuledRepository,
): boolean {
  return (rule.upstream === undefined || rule.upstream === host) && glob.matches(name);
}

function plainStart({ text }: Glob): string | undefined {
  const [start = ''] = text.split('/', 1);
  return /[*?[]/.test(start) ? undefined : start;
}
