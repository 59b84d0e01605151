/** The name that image references give to Docker Hub. */
export const dockerHubHost = 'docker.io';

/** Other names that clients use for Docker Hub: in old configuration files, and for its registry API. */
export const dockerHubAliases: readonly string[] = ['index.docker.io', 'registry-1.docker.io'];

/** The upstream that a host means: itself, but for those of Docker Hub. In lower case. */
export function upstreamNamed(host: string): string {
  const name = host.toLowerCase();
  return dockerHubAliases.includes(name) ? dockerHubHost : name;
}

/**
 * The names under which Docker's `config.json` may have a registry, the one that credential helpers know
 * first. For Docker Hub that is the address of an API that is no more (docker/cli, `IndexServer`).
 */
export function dockerConfigNames(host: string): readonly string[] {
  return host === dockerHubHost
    ? ['https://index.docker.io/v1/', dockerHubHost, ...dockerHubAliases]
    : [host];
}

/** Where Docker Hub's registry API answers; `https://docker.io` only leads to its web site. */
const dockerHubUrl = 'https://registry-1.docker.io';

/** The address of a registry's API where the configuration gives none. */
export function defaultUpstreamUrl(host: string): string {
  return host === dockerHubHost ? dockerHubUrl : `https://${host}`;
}
