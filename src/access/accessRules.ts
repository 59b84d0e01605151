import { Remembered } from '../mirror/remembered.ts';
import {
  RepositoryRules,
  type FoundRule,
  type RepositoryRule,
  type RuledRepository,
} from '../mirror/repositoryRules.ts';

/** Lets users pull, or keeps them from it. */
export interface AccessRule extends RepositoryRule {
  /** Their names; `*` stands for every user. */
  readonly users: readonly string[];
  /** Names of groups, whose members it is for too. */
  readonly groups: readonly string[];
  readonly pull: boolean;
}

/** Users under one name. */
export interface UserGroup {
  readonly name: string;
  readonly users: readonly string[];
}

/** What the rules say of a user and a repository. */
export interface AccessDecision {
  readonly pull: boolean;
  /** The setting that says so. */
  readonly rule: string;
}

type Rules = RepositoryRules<AccessRule>;

const everyUser = '*';

/** Who may pull what, of that which is not open to everybody: the first rule for the user and the repository counts. */
export class AccessRules {
  readonly #byUser: ReadonlyMap<string, Rules>;
  readonly #byGroup: ReadonlyMap<string, Rules>;
  readonly #groupsOf: ReadonlyMap<string, readonly string[]>;
  readonly #decisions = new Remembered<AccessDecision>();

  constructor(rules: readonly AccessRule[], groups: readonly UserGroup[]) {
    this.#byUser = rulesBy(rules, ({ users }) => users);
    this.#byGroup = rulesBy(rules, (rule) => rule.groups);
    this.#groupsOf = groupsByUser(groups);
  }

  /** What the first rule says that is for both; `undefined` when none is. */
  decide(user: string, repository: RuledRepository): AccessDecision | undefined {
    const key = `${repository.host}/${repository.name} ${user}`;
    return this.#decisions.get(key, () => this.#find(user, repository));
  }

  #find(user: string, repository: RuledRepository): AccessDecision | undefined {
    const groups = this.#groupsOf.get(user) ?? [];
    const own = [user, everyUser].map((name) => this.#byUser.get(name));
    const sets = [...own, ...groups.map((group) => this.#byGroup.get(group))];
    let first: FoundRule<AccessRule> | undefined;
    for (const rules of sets) {
      const found = rules?.first(repository);
      if (found !== undefined && (first === undefined || found.place < first.place)) first = found;
    }
    return first && { pull: first.rule.pull, rule: `access.rules[${first.place}]` };
  }
}

function rulesBy(
  rules: readonly AccessRule[],
  namesOf: (rule: AccessRule) => readonly string[],
): ReadonlyMap<string, Rules> {
  const lists = new Map<string, FoundRule<AccessRule>[]>();
  for (const [place, rule] of rules.entries()) {
    for (const name of new Set(namesOf(rule))) {
      const list = lists.get(name) ?? [];
      list.push({ place, rule });
      lists.set(name, list);
    }
  }
  return new Map(lists.entries().map(([name, list]) => [name, new RepositoryRules(list)]));
}

function groupsByUser(groups: readonly UserGroup[]): ReadonlyMap<string, readonly string[]> {
  const byUser = new Map<string, string[]>();
  for (const { name, users } of groups) {
    for (const user of new Set(users)) byUser.set(user, [...(byUser.get(user) ?? []), name]);
  }
  return byUser;
}
