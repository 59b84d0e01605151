import { paidAccount } from '../support/hub/accounts.ts';
import type { ScriptedHub } from '../support/hub/scriptedHub.ts';

/**
 * The configuration of a mirror before a Hub. Tags are checked after a second. It has an account, so that its
 * log-in can be refused, and needs no room on the disk but for what it stores.
 */
export function mirrorSettings(
  hub: ScriptedHub,
  port: number,
  opsPort: number,
  data: string,
): object {
  const { username, password: token } = paidAccount;
  return {
    listen: `127.0.0.1:${port}`,
    ops: { listen: `127.0.0.1:${opsPort}` },
    storage: { directory: data, minFree: '16MiB' },
    access: { private: 'allow' },
    upstreams: [
      {
        host: 'docker.io',
        url: hub.registryUrl,
        trustedHosts: [hub.tokenUrl, hub.cdnUrl].map((url) => new URL(url).host),
        accounts: [{ username, token }],
        tagFreshness: '1s',
      },
    ],
  };
}
