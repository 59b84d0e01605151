/** How much there is to look through. */
export interface AccessScale {
  readonly rules: number;
  readonly namespaces: number;
  /** Of patterns that are denied, and of ranges of clients and of proxies. */
  readonly entries: number;
}

/** What a rule of many is for, by its place; those that are for all repositories would hide the last one. */
type RuleMaker = (place: number, users: readonly string[]) => Readonly<Record<string, unknown>>;

const usersPerGroup = 5;

const makers: readonly RuleMaker[] = [
  (place, users) => ({
    users: [users[place % users.length]],
    repositories: [`team-${place % 500}/service-${place}`],
  }),
  (place, users) => ({
    groups: [`group-${place % groupCount(users)}`],
    repositories: [`team-${place % 500}/**`, `team-${place % 500}-*/tool-?`],
  }),
  (place) => ({ users: ['*'], repositories: [`team-${place % 500}/base-${place}`], pull: false }),
  (place, users) => ({
    users: [0, 7, 31].map((step) => users[(place + step) % users.length]),
    groups: [`group-${(place + 1) % groupCount(users)}`],
    repositories: [`*/common-${place}-[a-f]*`],
  }),
  (place) => ({ users: ['*'], repositories: [`**/release-${place}/*`], upstream: 'docker.io' }),
];

/**
 * The section `access` of a mirror with users, and with so many rules, of every kind, that say nothing of
 * `granted`; only the last one lets every user pull it.
 */
export function manyRules(
  users: readonly string[],
  granted: string,
  { rules, namespaces, entries }: AccessScale,
): Record<string, unknown> {
  return {
    private: 'users',
    groups: Array.from({ length: groupCount(users) }, (_, group) => ({
      name: `group-${group}`,
      // Everybody is in two.
      users: [...membersOf(users, group), ...membersOf(users, group + 1)],
    })),
    rules: [
      ...Array.from({ length: rules - 1 }, (_, place) =>
        makers[place % makers.length]?.(place, users),
      ),
      { users: ['*'], repositories: [granted] },
    ],
    namespaces: Array.from({ length: namespaces }, (_, place) => ({
      repositories: [place % 2 === 0 ? `team-${place}/**` : `*/internal-${place}`],
      visibility: place % 3 === 0 ? 'public' : 'private',
    })),
    clients: [...rangesOf('10', entries - 1), '127.0.0.0/8'],
    trustedProxies: rangesOf('192', entries),
  };
}

/** Lists of one upstream that let `served` through and keep others back. */
export function manyListed(served: readonly string[], { entries }: AccessScale) {
  const denied = Array.from({ length: entries }, (_, place) =>
    place % 2 === 0 ? `unwanted-${place}/**` : `*/unwanted-${place}-*`,
  );
  return {
    allow: { repositories: ['team-*/**', ...served], reason: 'ask the platform team' },
    deny: denied.map((glob) => ({ repositories: [glob], reason: 'it is unwanted' })),
  };
}

function groupCount(users: readonly string[]): number {
  return Math.max(1, Math.floor(users.length / usersPerGroup));
}

function membersOf(users: readonly string[], group: number): string[] {
  const begin = (group % groupCount(users)) * usersPerGroup;
  return users.slice(begin, begin + usersPerGroup);
}

function rangesOf(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, place) => `${first}.${place}.0.0/16`);
}
