/** The name that image references give to Docker Hub. */
export const dockerHubHost = 'docker.io';

/** Other names that clients use for Docker Hub: in old configuration files, and for its registry API. */
export const dockerHubAliases: readonly string[] = ['index.docker.io', 'registry-1.docker.io'];

/** Where Docker Hub's registry API answers; `https://docker.io` only leads to its web site. */
const dockerHubUrl = 'https://registry-1.docker.io';

/** The address of a registry's API where the configuration gives none. */
export function defaultUpstreamUrl(host: string): string {
  return host === dockerHubHost ? dockerHubUrl : `https://${host}`;
}
