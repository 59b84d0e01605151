import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { onBench } from './support/bench.ts';
import { copyCheckout, shellEnvironment } from './support/checkoutCopy.ts';
import { clientSetting } from './support/clientSetting.ts';
import { isPortFree } from './support/freePort.ts';
import { busyboxImage } from './support/images.ts';
import { startMirror } from './support/mirror.ts';
import { startOutside } from './support/outside.ts';
import { startProgram } from './support/program.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';
import { prepareSkopeo } from './support/skopeo.ts';
import { startUpstream } from './support/upstream.ts';
import { waitUntilReady } from './support/waitUntilReady.ts';

const skip = unlessInstalled(['docker-registry', 'skopeo', 'busybox']);
const portsTaken =
  (await isPortFree(5000)) && (await isPortFree(5001)) ? false : 'port 5000 or 5001 is taken';
const busybox = 'docker.io/library/busybox:1.35';

test(
  'an installation without development dependencies serves a pull',
  { skip },
  onBench(async (bench) => {
    const installation = await copyCheckout(bench);
    const npm = { directory: installation, environment: shellEnvironment() };
    await runCommand('npm', ['ci', '--omit=dev'], npm);
    await assert.rejects(access(join(installation, 'node_modules/typescript')));

    const upstream = await startUpstream(bench);
    const image = await busyboxImage(bench);
    await upstream.push(image, 'library/busybox:1.35');
    const mirror = await startMirror(bench, { upstreamUrl: upstream.url, installation });
    const setting = await clientSetting(bench, mirror, await startOutside(bench));
    const skopeo = await prepareSkopeo(setting);
    await skopeo.pull(busybox);
    await skopeo.assertHolds(busybox, image);
    assert.equal(await mirror.stop(), 0);
  }),
);

test(
  '`npm ci && npm start` in a fresh checkout serves on the ports 5000 and 5001, and ends when asked to',
  { skip: portsTaken },
  onBench(async (bench) => {
    const directory = await copyCheckout(bench);
    const environment = shellEnvironment();
    await runCommand('npm', ['ci'], { directory, environment });
    const npm = startProgram(bench, 'npm', ['start'], {
      directory,
      environment,
      ownGroup: true,
    });
    await waitUntilReady('http://127.0.0.1:5001/readyz', npm.assertRunning);
    assert.equal((await fetch('http://127.0.0.1:5001/healthz')).status, 200);
    assert.equal((await fetch('http://127.0.0.1:5000/v2/')).status, 200);
    await npm.stop();
    assert.ok(await isPortFree(5000), 'port 5000 is still taken');
    assert.ok(await isPortFree(5001), 'port 5001 is still taken');
  }),
);
