import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyCheckout } from './support/checkoutCopy.ts';
import { startDockerd, type Dockerd } from './support/dockerd.ts';
import { nodeBaseImage } from './support/nodeBaseImage.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { onStage } from './support/stage.ts';
import { fastestStorageDriver } from './support/storageDriver.ts';
import { waitUntil } from './support/waitUntil.ts';

const skip = unlessInstalled(
  ['dockerd', 'docker', 'containerd', 'runc', 'docker-registry', 'skopeo', 'busybox'],
  true,
);

test(
  'the Dockerfile makes an image that serves, is found healthy, isn’t root and ends when asked to',
  { skip },
  onStage(async (stage) => {
    await stage.upstream.push(await nodeBaseImage(stage.bench), 'library/node:26-slim');
    const storageDriver = await fastestStorageDriver(stage.bench);
    const { docker } = await startDockerd(stage.client, { storageDriver });
    const checkout = await copyCheckout(stage.bench);
    await docker('build', '--network', 'host', '--tag', 'pullthrough', checkout);
    await docker('run', '--detach', '--name', 'mirror', ...runFlags, 'pullthrough');
    await waitUntil(
      'the container is healthy',
      async () => (await health({ docker })) === 'healthy',
    );
    assert.equal(await docker('exec', 'mirror', 'id', '-u'), '1000\n');
    assert.equal(await docker('exec', 'mirror', 'node', '-e', ping), '200\n');
    const usage = JSON.parse(
      await docker('exec', 'mirror', 'pullthrough', 'du', '--json'),
    ) as object;
    assert.equal('directory' in usage && usage.directory, '/var/lib/pullthrough');
    await docker('stop', '--time', '20', 'mirror');
    assert.equal(await docker('inspect', '--format', '{{.State.ExitCode}}', 'mirror'), '0\n');
    assert.deepEqual(stage.outside.attempts, []);
  }),
);

// Alone in its network, the container has the default ports to itself.
const runFlags = ['--network', 'none', '--health-interval', '1s'];
const ping = "fetch('http://127.0.0.1:5000/v2/').then((answer) => console.log(answer.status))";

async function health({ docker }: Pick<Dockerd, 'docker'>): Promise<string> {
  return (await docker('inspect', '--format', '{{.State.Health.Status}}', 'mirror')).trim();
}
