import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestHex, digestOf } from '../../src/registry/digest.ts';
import { startCarrier, type Carrier } from '../upkeep/carrying/carrier.ts';
import { onBench, type Bench } from './support/bench.ts';
import { startContainerd } from './support/containerd.ts';
import { busyboxImage } from './support/images.ts';
import { layoutReference, type Image } from './support/ociLayout.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';

const skipSkopeo = unlessInstalled(['skopeo', 'busybox']);
const skipContainerd = unlessInstalled(['containerd', 'ctr', 'skopeo', 'busybox'], true);
const skipPodman = unlessInstalled(['podman', 'skopeo', 'busybox'], true);

const busybox = 'docker.io/library/busybox:1.35';
const app = 'ghcr.io/acme/app:1';

test(
  'skopeo reads an export: an image by its whole name, and the only one without',
  { skip: skipSkopeo },
  onBench(async (bench) => {
    const { carrier, image } = await busyboxCarrier(bench);
    const [both, one] = [join(bench.directory, 'both.tar'), join(bench.directory, 'one.tar')];
    await writeFile(both, await carrier.exported([busybox, app]));
    await writeFile(one, await carrier.exported([app]));
    for (const source of [`${both}:${busybox}`, `${both}:${app}`, one]) {
      const copy = join(bench.directory, `copy-${source.length}`);
      await skopeo('copy', `oci-archive:${source}`, `dir:${copy}`);
      const manifest = await readFile(join(copy, 'manifest.json'));
      assert.equal(digestOf(manifest), image.manifestDigest);
      for (const { digest } of image.layers) await readFile(join(copy, digestHex(digest)));
    }
    const inspected = await skopeo('inspect', '--raw', `oci-archive:${both}:${busybox}`);
    assert.equal(digestOf(Buffer.from(inspected)), image.indexDigest);
    const all = join(bench.directory, 'all');
    await skopeo('copy', '--all', `oci-archive:${both}:${busybox}`, `dir:${all}`);
  }),
);

test(
  'skopeo reads an export of which one platform alone is held',
  { skip: skipSkopeo },
  onBench(async (bench) => {
    const { carrier, image } = await busyboxCarrier(bench);
    await carrier.store.blobs.remove([image.foreignManifestDigest], 'purge');
    const path = join(bench.directory, 'one.tar');
    await writeFile(path, await carrier.exported([busybox]));
    const copy = join(bench.directory, 'copy');
    await skopeo('copy', `oci-archive:${path}:${busybox}`, `dir:${copy}`);
    assert.equal(digestOf(await readFile(join(copy, 'manifest.json'))), image.manifestDigest);
  }),
);

test(
  'what skopeo wrote is imported: every platform, or one; named, or nameless',
  { skip: skipSkopeo },
  onBench(async (bench) => {
    const image = await busyboxImage(bench);
    const whole = join(bench.directory, 'whole.tar');
    const nameless = join(bench.directory, 'nameless.tar');
    await skopeo('copy', '--all', layout(image), `oci-archive:${whole}:${busybox}`);
    await skopeo('copy', layout(image), `oci-archive:${nameless}`);
    const carrier = await carrierOn(bench);
    const named = await carrier.imported(await readFile(whole));
    assert.deepEqual(named.images, [{ name: busybox, digest: image.indexDigest, complete: true }]);
    const given = await carrier.imported(await readFile(nameless), 'ghcr.io/acme/app');
    const { manifestDigest: digest } = image;
    assert.deepEqual(given.images, [{ name: 'ghcr.io/acme/app:latest', digest, complete: true }]);
    assert.deepEqual([given.blobs, given.bytes], [0, 0]);
  }),
);

test(
  'ctr imports every image of an export and runs it, be it that one platform alone is held',
  { skip: skipContainerd },
  onBench(async (bench) => {
    const { carrier, image } = await busyboxCarrier(bench);
    const path = join(bench.directory, 'images.tar');
    const { client, ctr } = await containerd(bench, carrier);
    await writeFile(path, await carrier.exported([busybox, app]));
    await ctr('images', 'import', '--snapshotter', 'native', '--all-platforms', path);
    for (const name of [busybox, app]) {
      await client.assertHolds(name, image);
      assert.equal(await client.run(name, ['/bin/echo', 'carried']), 'carried\n');
    }
    await ctr('images', 'remove', '--sync', app);
    await client.forget(busybox);
    await carrier.store.blobs.remove([image.foreignManifestDigest], 'purge');
    await writeFile(path, await carrier.exported([app]));
    await ctr('images', 'import', '--snapshotter', 'native', path);
    assert.equal(await client.run(app, ['/bin/echo', 'carried']), 'carried\n');
  }),
);

test(
  'what ctr exported is imported, and containerd pulls it with no upstream',
  { skip: skipContainerd },
  onBench(async (bench) => {
    const origin = await busyboxCarrier(bench);
    const carrier = await carrierOn(bench);
    const { client, ctr } = await containerd(bench, carrier);
    const path = join(bench.directory, 'images.tar');
    await writeFile(path, await origin.carrier.exported([busybox, app]));
    await ctr('images', 'import', '--no-unpack', '--all-platforms', path);
    const written = join(bench.directory, 'written.tar');
    await ctr('images', 'export', written, busybox, app);
    await ctr('images', 'remove', '--sync', app);
    await client.forget(busybox);
    const report = await carrier.imported(await readFile(written));
    const digest = origin.image.indexDigest;
    assert.deepEqual(new Set(report.images.map(({ name }) => name)), new Set([busybox, app]));
    for (const one of report.images) {
      assert.deepEqual([one.digest, one.complete], [digest, true]);
    }
    await client.pull(busybox);
    assert.equal(await client.run(busybox, ['/bin/echo', 'pulled']), 'pulled\n');
  }),
);

test(
  'podman loads an export, and what it saved is imported',
  { skip: skipPodman },
  onBench(async (bench) => {
    const { carrier, image } = await busyboxCarrier(bench);
    const at = (name: string) => join(bench.directory, `podman-${name}`);
    const store = ['--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp')];
    const podman = (...args: string[]) =>
      runCommand('podman', [...store, '--storage-driver', 'vfs', ...args]);
    const path = join(bench.directory, 'images.tar');
    await writeFile(path, await carrier.exported([busybox]));
    await podman('pull', '--quiet', `oci-archive:${path}`);
    const saved = join(bench.directory, 'saved.tar');
    await podman('save', '--quiet', '--format', 'oci-archive', '--output', saved, busybox);
    const report = await (await carrierOn(bench)).imported(await readFile(saved));
    assert.deepEqual(
      report.images.map(({ name, complete }) => [name, complete]),
      [[busybox, true]],
    );
    assert.ok(image.manifestDigest);
  }),
);

/** A mirror without an upstream that holds busybox, for two platforms and under two names. */
async function busyboxCarrier(bench: Bench): Promise<{ carrier: Carrier; image: Image }> {
  const image = await busyboxImage(bench);
  const carrier = await carrierOn(bench);
  const path = join(bench.directory, 'origin.tar');
  for (const name of [busybox, app]) {
    await skopeo('copy', '--all', layout(image), `oci-archive:${path}:${name}`);
    await carrier.imported(await readFile(path));
  }
  return { carrier, image };
}

function carrierOn(bench: Bench): Promise<Carrier> {
  return startCarrier({ after: (cleanUp) => bench.onClose(async () => cleanUp()) });
}

async function containerd(bench: Bench, carrier: Carrier) {
  const mirrorAddress = `127.0.0.1:${carrier.port}`;
  const client = await startContainerd({ bench, mirrorAddress, environment: process.env });
  const address = join(bench.directory, 'containerd.sock');
  const ctr = (...args: string[]) => runCommand('ctr', ['--address', address, ...args]);
  return { client, ctr };
}

function layout(image: Image): string {
  return `oci:${image.directory}:${layoutReference}`;
}

function skopeo(...args: string[]): Promise<string> {
  return runCommand('skopeo', ['--insecure-policy', ...args]);
}
