import { nearestName } from './suggestion.ts';
import { fieldOf, listAt, reportRepeated, type Report } from './unparsedSettings.ts';

// containerd gives up when headers take 30 s, of which an upstream may take half for its own.
const longestWait = 15_000;

/**
 * The rules that concern the settings below `access` together with others. Settings that are wrong by
 * themselves may still stand there unparsed: those are passed over.
 *
 * @param hosts the upstreams that there are
 */
export function accessRules(settings: unknown, hosts: readonly string[], report: Report): void {
  const access = fieldOf(settings, 'access');
  reportUnknownUpstreams(access, hosts, report);
  reportGroups(access, report);
  for (const [index, rule] of listAt(access, 'rules').entries()) {
    if (isForNobody(rule)) {
      report(['access', 'rules', index], 'expected users or groups that the rule is for');
    }
  }
  reportWantOfUsers(settings, report);
  reportLogInHosts(access, report);
  const wait = fieldOf(fieldOf(access, 'limits'), 'wait');
  if (typeof wait === 'number' && wait > longestWait) {
    report(['access', 'limits', 'wait'], 'expected no more than 15s, or clients give up meanwhile');
  }
}

function reportUnknownUpstreams(access: unknown, hosts: readonly string[], report: Report): void {
  for (const key of ['namespaces', 'rules']) {
    for (const [index, entry] of listAt(access, key).entries()) {
      const host = fieldOf(entry, 'upstream');
      if (typeof host !== 'string' || hosts.includes(host)) continue;
      const path = ['access', key, index, 'upstream'];
      report(path, `expected one of the upstreams: ${hosts.join(', ')}`);
    }
  }
}

function reportGroups(access: unknown, report: Report): void {
  const names = listAt(access, 'groups').map((group) => fieldOf(group, 'name'));
  reportRepeated(names, (index) => ['access', 'groups', index, 'name'], report);
  const known = [...new Set(names.filter((name) => typeof name === 'string'))];
  for (const [index, rule] of listAt(access, 'rules').entries()) {
    for (const [place, name] of listAt(rule, 'groups').entries()) {
      if (typeof name !== 'string' || known.includes(name)) continue;
      report(['access', 'rules', index, 'groups', place], groupExpected(name, known));
    }
  }
}

function groupExpected(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'expected the name of a group, but access.groups has none';
  const [only, ...others] = known;
  if (others.length === 0) return `expected ${only}, the only one of access.groups`;
  const near = nearestName(name, known);
  const guess = near === undefined ? '' : ` (perhaps ${near})`;
  return `expected one of access.groups: ${known.join(', ')}${guess}`;
}

function isForNobody(rule: unknown): boolean {
  const lists = [fieldOf(rule, 'users'), fieldOf(rule, 'groups')];
  return lists.every((list) => Array.isArray(list) && list.length === 0);
}

/** Whoever is asked for a user name and a password must have a right answer. */
function reportLogInHosts(access: unknown, report: Report): void {
  const isPossible =
    fieldOf(access, 'htpasswdFile') !== undefined ||
    fieldOf(access, 'upstreamCredentials') === 'verify';
  if (isPossible || listAt(access, 'logInHosts').length === 0) return;
  const expected =
    'expected none, or passwords to log in with: access.htpasswdFile or access.upstreamCredentials: verify';
  report(['access', 'logInHosts'], expected);
}

/** Whoever has to be a user must have a way to be one. */
function reportWantOfUsers(settings: unknown, report: Report): void {
  const access = fieldOf(settings, 'access');
  const hasUsers =
    fieldOf(access, 'htpasswdFile') !== undefined ||
    fieldOf(fieldOf(settings, 'tls'), 'clientCaFile') !== undefined;
  if (hasUsers) return;
  const verifies = fieldOf(access, 'upstreamCredentials') === 'verify';
  if (fieldOf(access, 'anonymous') === false && !verifies) {
    const expected =
      'expected true, or a way to log in: access.htpasswdFile, tls.clientCaFile or access.upstreamCredentials: verify';
    report(['access', 'anonymous'], expected);
  }
  const expected = 'expected access.htpasswdFile or tls.clientCaFile beside users';
  if (fieldOf(access, 'private') === 'users') report(['access', 'private'], expected);
  for (const [index, namespace] of listAt(access, 'namespaces').entries()) {
    if (fieldOf(namespace, 'private') === 'users') {
      report(['access', 'namespaces', index, 'private'], expected);
    }
  }
}
