import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDockerd } from './support/dockerd.ts';
import { busyboxImage } from './support/images.ts';
import { testPulls } from './support/pullBehaviour.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { onStage } from './support/stage.ts';

const skip = unlessInstalled(
  ['dockerd', 'docker', 'containerd', 'runc', 'docker-registry', 'skopeo', 'busybox'],
  true,
);

testPulls({ name: 'dockerd', skip, prepare: startDockerd });

test(
  'dockerd runs an image that came through the mirror',
  { skip },
  onStage(async (stage) => {
    const image = await busyboxImage(stage.bench);
    await stage.upstream.push(image, 'library/busybox:1.35');
    const { docker } = await startDockerd(stage.client);
    const said = await docker('run', '--rm', '--network', 'none', 'busybox:1.35', 'echo', 'hello');
    assert.equal(said, 'hello\n');
    assert.deepEqual(stage.outside.attempts, []);
  }),
);
