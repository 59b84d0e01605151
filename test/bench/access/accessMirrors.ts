import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage, type SingleImage } from '../../support/images.ts';
import { paidAccount } from '../../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../../support/hub/scriptedHub.ts';
import { startMirror, type MirrorServer } from '../contenders/mirror.ts';
import { manyListed, manyRules, type AccessScale } from './manyRules.ts';
import type { BenchUser } from './users.ts';

/** The repositories that are asked for. */
export const repositories = { public: 'library/public', private: 'acme/private' } as const;

/** The upstream, with an image in each of {@link repositories}. */
export interface AccessUpstream {
  readonly hub: ScriptedHub;
  readonly image: SingleImage;
}

/** Starts the upstream; it has to be stopped. */
export async function startAccessUpstream(): Promise<AccessUpstream> {
  const hub = await startHub();
  const image = buildImage({ seed: 'access' });
  hub.addImage(repositories.public, image, { tags: ['1'] });
  const allowed = [paidAccount.username];
  hub.addImage(repositories.private, image, { tags: ['1'], private: true, allowed });
  return { hub, image };
}

/** A mirror as it comes; `checkout` is that of its program, by default this one. */
export async function startPlainMirror(
  directory: string,
  { hub }: AccessUpstream,
  checkout?: string,
): Promise<MirrorServer> {
  const settings = { upstreams: [upstreamAt(hub)] };
  return startMirror(directory, hub.registryUrl, { settings, checkout });
}

/** A mirror with an account, users and all that can be said of who may pull what. */
export async function startAccessMirror(
  directory: string,
  { hub }: AccessUpstream,
  users: readonly BenchUser[],
  scale: AccessScale,
): Promise<MirrorServer> {
  const htpasswdFile = join(directory, 'htpasswd');
  await writeFile(htpasswdFile, users.map(({ line }) => `${line}\n`).join(''), { mode: 0o600 });
  const { username, password: token } = paidAccount;
  const names = users.map(({ name }) => name);
  const settings = {
    upstreams: [
      {
        ...upstreamAt(hub),
        accounts: [{ username, token }],
        ...manyListed(Object.values(repositories), scale),
      },
    ],
    access: { htpasswdFile, ...manyRules(names, repositories.private, scale) },
  };
  return startMirror(directory, hub.registryUrl, { settings });
}

function upstreamAt({ registryUrl, tokenUrl, cdnUrl }: ScriptedHub) {
  const trustedHosts = [tokenUrl, cdnUrl].map((url) => new URL(url).host);
  return { host: 'docker.io', url: registryUrl, trustedHosts };
}
