import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, ClientSetting } from './client.ts';
import { busyboxImage, layeredImage } from './images.ts';
import type { Image } from './ociLayout.ts';
import { onStage, type Stage } from './stage.ts';

/** A client under test. */
export interface ClientKind {
  readonly name: string;
  /** Why it can't be tried here, or `false`. */
  readonly skip: string | false;
  readonly prepare: (setting: ClientSetting) => Promise<Client>;
}

const busybox = 'docker.io/library/busybox:1.35';
const layered = 'docker.io/acme/layered:2';

/** Registers the tests that every client must pass, whatever its way of pulling. */
export function testPulls({ name, skip, prepare }: ClientKind): void {
  test(
    `${name} gets an image of several layers through the mirror, each asked upstream once`,
    { skip },
    onStage(async (stage) => {
      const image = await layeredImage(stage.bench);
      await stage.upstream.push(image, 'acme/layered:2');
      const client = await prepare(stage.client);
      await client.pull(layered);
      await client.assertHolds(layered, image);
      assertAskedOnce(stage, image);
      assert.deepEqual(stage.outside.attempts, []);
    }),
  );

  test(
    `the second pull by ${name} asks no upstream`,
    { skip },
    onStage(async (stage) => {
      const { image, client } = await pullBusybox(stage, prepare);
      const before = [...stage.upstream.requests];
      await pullAgain(client, image);
      assert.deepEqual(stage.upstream.requests, before);
      assert.deepEqual(stage.outside.attempts, []);
    }),
  );

  test(
    `${name} still gets what is cached when the upstream is gone and the mirror was restarted`,
    { skip },
    onStage(async (stage) => {
      const { image, client } = await pullBusybox(stage, prepare);
      await stage.upstream.stop();
      await pullAgain(client, image);
      await stage.mirror.restart();
      await pullAgain(client, image);
      assert.deepEqual(stage.outside.attempts, []);
    }),
  );

  test(
    `${name} pulls by digest`,
    { skip },
    onStage(async (stage) => {
      const image = await busyboxImage(stage.bench);
      await stage.upstream.push(image, 'library/busybox:1.35');
      const client = await prepare(stage.client);
      const reference = `docker.io/library/busybox@${image.indexDigest}`;
      await client.pull(reference);
      await client.assertHolds(reference, image);
      assert.deepEqual(stage.outside.attempts, []);
    }),
  );

  test(
    `${name} can't go round the mirror unseen: it turns to Docker Hub for what the upstream lacks`,
    { skip },
    onStage(async (stage) => {
      const client = await prepare(stage.client);
      await assert.rejects(client.pull('docker.io/library/busybox:missing'));
      assert.ok(stage.outside.attempts.some((host) => host.endsWith('docker.io:443')));
    }),
  );
}

/** Busybox, pulled from the upstream through the mirror by a fresh client. */
async function pullBusybox(stage: Stage, prepare: ClientKind['prepare']) {
  const image = await busyboxImage(stage.bench);
  await stage.upstream.push(image, 'library/busybox:1.35');
  const client = await prepare(stage.client);
  await client.pull(busybox);
  await client.assertHolds(busybox, image);
  return { image, client };
}

async function pullAgain(client: Client, image: Image): Promise<void> {
  await client.forget(busybox);
  await client.pull(busybox);
  await client.assertHolds(busybox, image);
}

/** Each layer and the manifest of this platform was fetched by one GET, and that of the other platform by none. */
function assertAskedOnce({ upstream }: Stage, image: Image): void {
  const gets = upstream.requests.filter((request) => request.startsWith('GET '));
  const count = (digest: string) => gets.filter((request) => request.endsWith(digest)).length;
  for (const { digest } of image.layers) assert.equal(count(digest), 1, `GETs of ${digest}`);
  assert.equal(count(image.manifestDigest), 1, 'GETs of the image manifest');
  assert.equal(count(image.foreignManifestDigest), 0, 'GETs of the other manifest');
}
