import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../contenders/certificate.ts';
import { startMirror } from '../contenders/mirror.ts';
import { startNginx } from '../contenders/nginx.ts';
import { startFresh } from '../contenders/startFresh.ts';
import type { Trial, WarmServer } from '../trial.ts';
import { fill } from '../warmServers.ts';
import { measureWarmBlob } from './warmBlob.ts';

/** The same over TLS, with the certificate that the servers are given. */
export const warmBlobOverTls: Trial = {
  name: 'warm-blob-tls',
  needs: ['openssl', 'nginx'],
  quick: true,
  run: async (setting) => {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await mkdtempDisposable(join(tmpdir(), 'pullthrough-bench-')));
    const certificate = await makeCertificate(directory.path);
    const { url, contents, large } = setting.upstream;
    const mirror = stack.use(await startFresh((place) => startMirror(place, url, { certificate })));
    const nginx = stack.use(await startFresh((place) => startNginx(place, contents, certificate)));
    for (const layer of large.layers) await fill(mirror, layer, setting.signal);
    const servers: WarmServer[] = [
      { name: 'mirror', server: mirror },
      { name: 'nginx', server: nginx },
    ];
    // Awaited here: the servers are stopped when this function is left.
    return await measureWarmBlob(setting, setting.order(servers), 'warm large blob over TLS');
  },
};
