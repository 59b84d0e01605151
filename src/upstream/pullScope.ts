import type { RepositoryName } from '../registry/repositoryName.ts';

/**
 * The scopes to ask a token for: to pull from the repository, and what the registry's challenge asked
 * for beside it. Without a repository only the latter: nothing, at most of them, as `docker login` does. Some
 * registries know a repository by another name there, and public.ecr.aws wants its
 * own `aws`. Whatever a challenge says, a token for this mirror can do no more than pull.
 */
export function pullScopes(
  repository: RepositoryName | undefined,
  challenged: string | undefined,
): string[] {
  const own = repository === undefined ? [] : [`repository:${repository}:pull`];
  const asked = splitScopes(challenged).flatMap((scope) => narrowed(scope) ?? []);
  return [...new Set([...own, ...asked])];
}

/** The scopes of a challenge that hold for every repository, as `aws` does. */
export function commonScopes(challenged: string | undefined): string | undefined {
  return splitScopes(challenged).filter(isOpaque).join(' ') || undefined;
}

function splitScopes(scope: string | undefined): string[] {
  return (scope ?? '').split(/\s+/).filter((part) => part !== '');
}

function isOpaque(scope: string): boolean {
  return !scope.includes(':');
}

/** `type:name:actions`, where a name may contain colons of its own (Docker token authentication, "scope"). */
function narrowed(scope: string): string | undefined {
  if (isOpaque(scope)) return scope;
  const actions = scope.slice(scope.lastIndexOf(':') + 1).split(',');
  const isRepository = /^repository(?:\([a-z0-9]+\))?:./.test(scope);
  if (!isRepository || !(actions.includes('pull') || actions.includes('*'))) return undefined;
  return `${scope.slice(0, scope.lastIndexOf(':'))}:pull`;
}
