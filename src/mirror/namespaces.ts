import { Remembered } from './remembered.ts';
import {
  inOrder,
  RepositoryRules,
  type RepositoryRule,
  type RuledRepository,
} from './repositoryRules.ts';

/** To whom private content is served: nobody, users who have permission, or everybody. */
export type PrivateAccess = 'deny' | 'users' | 'allow';

/** What an operator says of the repositories that patterns name. */
export interface NamespaceRule extends RepositoryRule {
  /** `upstream`: what an anonymous client is served there is public, all else is private. */
  readonly visibility: 'upstream' | 'public' | 'private';
  /** `undefined`: as everywhere. */
  readonly private?: PrivateAccess | undefined;
}

/** What holds for a repository. */
export interface Namespace {
  readonly visibility: NamespaceRule['visibility'];
  readonly private: PrivateAccess;
  /** The setting that opens it to everybody, whatever the upstream says; `undefined` when none does. */
  readonly openBy: string | undefined;
  /** The setting that says to whom it is served while it is private. */
  readonly setting: string;
}

/** To whom repositories are served, and which are private: in general, and by the first rule that is for one. */
export class Namespaces {
  readonly #general: Namespace;
  readonly #rules: RepositoryRules<NamespaceRule>;
  readonly #namespaces: readonly Namespace[];
  readonly #found = new Remembered<Namespace>();

  constructor(general: PrivateAccess, rules: readonly NamespaceRule[]) {
    const setting = 'access.private';
    const openBy = general === 'allow' ? setting : undefined;
    this.#general = { visibility: 'upstream', private: general, openBy, setting };
    this.#rules = new RepositoryRules(inOrder(rules));
    this.#namespaces = rules.map((rule, place) => namespaceOf(rule, place, this.#general));
  }

  /** What holds for a repository. */
  of(repository: RuledRepository): Namespace {
    if (this.#namespaces.length === 0) return this.#general;
    const { host, name } = repository;
    return this.#found.get(`${host}/${name}`, () => this.#find(repository)) ?? this.#general;
  }

  #find(repository: RuledRepository): Namespace | undefined {
    const found = this.#rules.first(repository);
    return found && this.#namespaces[found.place];
  }
}

function namespaceOf(rule: NamespaceRule, place: number, general: Namespace): Namespace {
  const { visibility } = rule;
  const own = `access.namespaces[${place}]`;
  const setting = rule.private === undefined ? general.setting : `${own}.private`;
  const access = rule.private ?? general.private;
  const open = access === 'allow' ? setting : undefined;
  const openBy = visibility === 'public' ? `${own}.visibility` : open;
  return { visibility, private: access, openBy, setting };
}
