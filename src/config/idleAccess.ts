import type { Configuration } from './configuration.ts';
import type { ConfigurationWarning } from './configurationWarning.ts';

/**
 * What is said of users and does nothing, though somebody meant something by it.
 *
 * @param users those of the htpasswd file; `undefined` without one
 */
export function idleAccessWarnings(
  configuration: Configuration,
  users: ReadonlySet<string> | undefined,
): readonly ConfigurationWarning[] {
  const nobody = withoutUsers(configuration);
  if (nobody.length > 0) return nobody;
  return [...neededByNobody(configuration), ...unknownUsers(configuration, users)];
}

function withoutUsers({ tls, access }: Configuration): readonly ConfigurationWarning[] {
  if (access.htpasswdFile !== undefined || tls.clientCaFile !== undefined) return [];
  return (['groups', 'rules'] as const)
    .filter((name) => access[name].length > 0)
    .map((name) => ({
      key: `access.${name}`,
      message: 'there are no users that they could be for',
      advice: 'set access.htpasswdFile or tls.clientCaFile',
    }));
}

/** What is open needs no rule, and what is kept from all has none. */
function neededByNobody({ access }: Configuration): readonly ConfigurationWarning[] {
  const modes = [access.private, ...access.namespaces.map((namespace) => namespace.private)];
  if (access.rules.length === 0 || !access.anonymous || modes.includes('users')) return [];
  return [
    {
      key: 'access.rules',
      message:
        'no rule decides anything, for what is public is served to everybody and private repositories are for users nowhere',
      advice: 'set access.private to users, or access.anonymous to false',
    },
  ];
}

/** Each name once, where it is first. Certificates may have any name. */
function unknownUsers(
  { tls, access }: Configuration,
  users: ReadonlySet<string> | undefined,
): readonly ConfigurationWarning[] {
  if (users === undefined || tls.clientCaFile !== undefined) return [];
  const firstPlaces = new Map<string, string>();
  for (const list of ['groups', 'rules'] as const) {
    for (const [index, entry] of access[list].entries()) {
      for (const [place, user] of entry.users.entries()) {
        if (user === '*' || users.has(user) || firstPlaces.has(user)) continue;
        firstPlaces.set(user, `access.${list}[${index}].users[${place}]`);
      }
    }
  }
  return Array.from(firstPlaces, ([user, key]) => ({
    key,
    message: `${JSON.stringify(user)} is no user of access.htpasswdFile`,
    advice: 'correct the name, or add the user to the file',
  }));
}
