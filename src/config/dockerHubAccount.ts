import type { ConfigurationProblem } from './configurationProblem.ts';
import { dockerHubHost } from './dockerHub.ts';
import type { Override } from './override.ts';
import { valueAt } from './settingPath.ts';

/** What the environment says about a Docker Hub account. */
export interface DockerHubAccountReading {
  /** What makes the account one of docker.io's. */
  readonly overrides: readonly Override[];
  readonly problems: readonly ConfigurationProblem[];
}

/**
 * Reads `DOCKERHUB_USERNAME` with `DOCKERHUB_TOKEN` or `DOCKERHUB_TOKEN_FILE`. The account comes after
 * those that docker.io has in `settings`; one of the same name is replaced. An empty variable counts as
 * unset.
 */
export function readDockerHubAccount(
  environment: NodeJS.ProcessEnv,
  settings: unknown,
): DockerHubAccountReading {
  const username = environment['DOCKERHUB_USERNAME'];
  const credentials = [
    { key: 'token', source: 'DOCKERHUB_TOKEN' },
    { key: 'tokenFile', source: 'DOCKERHUB_TOKEN_FILE' },
  ].flatMap((place) => {
    const value = environment[place.source];
    return value ? [{ ...place, value }] : [];
  });
  const [credential, surplus] = credentials;
  if (surplus !== undefined) {
    return problem('DOCKERHUB_TOKEN', 'expected either this or DOCKERHUB_TOKEN_FILE, not both');
  }
  if (credential === undefined) {
    return username
      ? problem('DOCKERHUB_USERNAME', 'expected DOCKERHUB_TOKEN or DOCKERHUB_TOKEN_FILE beside it')
      : { overrides: [], problems: [] };
  }
  if (!username) return problem(credential.source, 'expected DOCKERHUB_USERNAME beside it');
  return { overrides: accountOverrides(username, credential, settings), problems: [] };
}

function problem(source: string, message: string): DockerHubAccountReading {
  return { overrides: [], problems: [{ source, message }] };
}

function accountOverrides(
  username: string,
  credential: { readonly key: string; readonly value: string; readonly source: string },
  settings: unknown,
): readonly Override[] {
  const accountsPath = ['upstreams', dockerHubIndex(settings), 'accounts'];
  const given = valueAt(settings, accountsPath);
  const accounts: readonly unknown[] = Array.isArray(given) ? given : [];
  const same = accounts.findIndex((account) => valueAt(account, ['username']) === username);
  const path = [...accountsPath, same < 0 ? accounts.length : same];
  const { key, value, source } = credential;
  return [
    { path, value: { username }, source: 'DOCKERHUB_USERNAME' },
    { path: [...path, key], value, source },
  ];
}

/** Where docker.io is among the upstreams: the index after the last one, if it isn't listed. */
export function dockerHubIndex(settings: unknown): number {
  const given = valueAt(settings, ['upstreams']);
  const upstreams: readonly unknown[] = Array.isArray(given) ? given : [];
  const index = upstreams.findIndex(
    (upstream) => String(valueAt(upstream, ['host'])).toLowerCase() === dockerHubHost,
  );
  return index < 0 ? upstreams.length : index;
}
