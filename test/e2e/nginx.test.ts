import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, readFile } from 'node:fs/promises';
import { createServer, request as askMirror, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestHex } from '../../src/registry/digest.ts';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { startDockerd } from './support/dockerd.ts';
import { layeredImage } from './support/images.ts';
import { nginxSettings, startNginx, type Nginx } from './support/nginx.ts';
import type { Layer } from './support/ociLayout.ts';
import type { ClientKind } from './support/pullBehaviour.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { prepareSkopeo } from './support/skopeo.ts';
import { onStage, type Stage } from './support/stage.ts';
import { pushSummed } from './support/summedPull.ts';
import { waitUntil } from './support/waitUntil.ts';

const skip = unlessInstalled(['nginx', 'docker-registry', 'skopeo', 'busybox']);
const skipDockerd = unlessInstalled(
  ['nginx', 'dockerd', 'docker', 'containerd', 'runc', 'docker-registry', 'skopeo', 'busybox'],
  true,
);

const layered = 'docker.io/acme/layered:2';

/** An image of which the mirror holds the largest layer, and an nginx before the mirror. */
interface Held {
  readonly stage: Stage;
  readonly nginx: Nginx;
  readonly large: Layer;
  readonly content: Buffer;
  /** The file that the mirror keeps it in. */
  readonly file: string;
  /** Asks nginx for the layer. */
  readonly ask: (headers?: Record<string, string>, method?: string) => Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

async function askAt(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(url, { method, headers });
  const body = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body };
}

/** Makes a test with an nginx before a mirror that holds a layer. */
function withHeld(body: (held: Held) => Promise<void>) {
  return onStage(
    async (stage) => {
      const { large, content } = await pushLarge(stage);
      const path = `/v2/acme/summed/blobs/${large.digest}`;
      await askAt(`${stage.mirror.url}${path}`);
      await waitUntil('the layer is held', async () => {
        const { headers } = await askAt(`${stage.mirror.url}${path}`, {}, 'HEAD');
        return headers['x-cache'] === 'hit';
      });
      const nginx = await startNginx(stage.bench, stage.mirror);
      const ask = (headers?: Record<string, string>, method?: string) =>
        askAt(`${nginx.url}${path}`, headers, method);
      const file = new StoreLayout(stage.mirror.directory).blobFile(large.digest);
      await body({ stage, nginx, large, content, file, ask });
    },
    { mirror: { settings: nginxSettings } },
  );
}

/** Brings an image to the upstream, and resolves with its largest layer and the bytes of that. */
async function pushLarge(stage: Stage): Promise<{ large: Layer; content: Buffer }> {
  const { large, directory } = await pushSummed(stage);
  const content = await readFile(join(directory, 'blobs/sha256', digestHex(large.digest)));
  return { large, content };
}

/** A stand before the mirror that removes a file whenever nginx is told to send something. */
async function startRemover({ bench, mirror }: Stage, file: string) {
  let removals = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    askMirror(`${mirror.url}${incoming.url}`, { method, headers }, (answer) => {
      if (answer.headers['x-accel-redirect'] !== undefined) {
        rmSync(file);
        removals += 1;
      }
      outgoing.writeHead(answer.statusCode ?? 0, answer.rawHeaders);
      answer.pipe(outgoing);
    }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  bench.onClose(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, removals: () => removals };
}

/**
 * Headers that differ between any two answers, or that only the connection to nginx has; and one that nginx
 * writes itself, into each 200 and no 206.
 */
const passing = new Set(['date', 'server', 'connection', 'keep-alive', 'accept-ranges']);

function lasting(headers: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !passing.has(name)));
}

/** The requests for the layer that the mirror logged as handed over, oldest first. */
function handedOver({ mirror }: Stage): readonly { bytes: number; status: number }[] {
  return mirror
    .output()
    .split('\n')
    .filter((line) => line.includes('"handedOver":true'))
    .map((line) => JSON.parse(line) as { bytes: number; status: number });
}

test(
  'nginx sends a held layer with exactly the answer that the mirror itself gives',
  { skip },
  withHeld(async ({ stage, large, content, ask }) => {
    const path = `/v2/acme/summed/blobs/${large.digest}`;
    const etag = `"${large.digest}"`;
    const size = content.length;
    const cases: readonly (readonly [Record<string, string>, number, boolean, string?])[] = [
      [{}, 200, true],
      [{ range: 'bytes=0-99' }, 206, true],
      [{ range: `bytes=${size - 1}-` }, 206, true],
      [{ range: 'bytes=-100' }, 206, true],
      [{ range: 'bytes=5-9', 'if-range': etag }, 206, true],
      [{ range: 'bytes=5-9', 'if-range': '"other"' }, 200, false],
      [{ range: 'bytes=5-9', 'if-range': new Date().toUTCString() }, 200, false],
      [{ range: 'bytes=0-0,5-9' }, 200, false],
      [{ range: 'bytes=x' }, 200, false],
      [{ range: `bytes=5-${'9'.repeat(30)}` }, 206, false],
      [{ range: `bytes=${size}-` }, 416, false],
      [{ 'if-none-match': etag }, 304, false],
      [{ 'if-none-match': '"other"' }, 200, true],
      [{ 'if-modified-since': new Date().toUTCString() }, 200, true],
      [{ 'if-unmodified-since': new Date(0).toUTCString() }, 200, false],
      [{ 'if-match': '"other"' }, 200, false],
      [{ 'x-hand-over': 'no' }, 200, true],
      [{}, 200, false, 'HEAD'],
      [{ range: 'bytes=0-99' }, 200, false, 'HEAD'],
    ];
    for (const [headers, status, byNginx, method = 'GET'] of cases) {
      const before = handedOver(stage).length;
      const about = `${method} ${JSON.stringify(headers)}`;
      const direct = await askAt(
        `${stage.mirror.url}${path}`,
        { ...headers, 'x-hand-over': '' },
        method,
      );
      const through = await ask(headers, method);
      assert.equal(through.status, status, about);
      assert.equal(direct.status, status, about);
      assert.deepEqual(lasting(through.headers), lasting(direct.headers), about);
      assert.ok(through.body.equals(direct.body), about);
      if (status === 200) assert.equal(through.headers['accept-ranges'], 'bytes', about);
      await waitUntil('the hand-over is logged', async () =>
        Promise.resolve(handedOver(stage).length === before + (byNginx ? 1 : 0)),
      );
    }
    assert.deepEqual(
      handedOver(stage)
        .slice(0, 2)
        .map(({ bytes, status }) => ({ bytes, status })),
      [
        { bytes: size, status: 200 },
        { bytes: 100, status: 206 },
      ],
    );
  }),
);

test(
  'whoever asks the mirror itself gets the bytes, and nobody gets at the files by their location',
  { skip },
  withHeld(async ({ stage, nginx, large, content, file }) => {
    const direct = await askAt(`${stage.mirror.url}/v2/acme/summed/blobs/${large.digest}`);
    assert.ok(direct.body.equals(content));
    assert.equal(direct.headers['x-accel-redirect'], undefined);
    const name = file.slice(join(stage.mirror.directory, 'v1/blobs').length);
    assert.equal((await askAt(`${nginx.url}/internal-blobs${name}`)).status, 404);
  }),
);

/** The addresses of clients that the mirror has logged, oldest first. */
function clientsOf({ mirror }: Stage): readonly string[] {
  return mirror
    .output()
    .split('\n')
    .filter((line) => line.includes('"client":'))
    .map((line) => (JSON.parse(line) as { client: string }).client);
}

test(
  'the mirror knows the clients of nginx, whomever they say they are, and whoever sends the answer',
  { skip: skip === false && process.getuid?.() !== 0 ? 'must be run as root' : skip },
  withHeld(async ({ stage, nginx, large, file }) => {
    const path = `/v2/acme/summed/blobs/${large.digest}`;
    for (const mode of [0o644, 0o600]) {
      await chmod(file, mode);
      const request = askMirror(`${nginx.url}${path}`, {
        localAddress: '127.0.0.9',
        headers: { 'x-forwarded-for': '192.0.2.66', 'x-forwarded-proto': 'https' },
      });
      request.end();
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      await answer.resume().toArray();
    }
    // For the second one, which nginx may not read, the mirror is asked twice.
    const count = (client: string) => clientsOf(stage).filter((one) => one === client).length;
    await waitUntil('all are logged', async () => Promise.resolve(count('127.0.0.9') === 3));
    assert.equal(count('192.0.2.66'), 0);
  }),
);

test(
  'a layer that nginx may not read is sent by the mirror',
  { skip: skip === false && process.getuid?.() !== 0 ? 'must be run as root' : skip },
  withHeld(async ({ nginx, content, file, ask }) => {
    await chmod(file, 0o600);
    const answer = await ask({ range: 'bytes=1000-' });
    assert.equal(answer.status, 206);
    assert.ok(answer.body.equals(content.subarray(1000)));
    await waitUntil('the mirror was asked twice', async () =>
      (await nginx.accesses()).some((line) => line.endsWith(' 206 : 206')),
    );
  }),
);

test(
  'a layer whose file is removed before nginx opens it is fetched anew, and no client notices',
  { skip },
  withHeld(async ({ stage, large, content, file }) => {
    const remover = await startRemover(stage, file);
    const { directory } = stage.mirror;
    const nginx = await startNginx(stage.bench, { address: remover.address, directory });
    const answer = await askAt(`${nginx.url}/v2/acme/summed/blobs/${large.digest}`);
    assert.equal(remover.removals(), 1);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['docker-content-digest'], large.digest);
    assert.equal(answer.headers['x-cache'], 'miss');
    assert.ok(answer.body.equals(content));
  }),
);

test(
  'of a layer that still comes in, nginx passes on each piece as it comes, and the whole to many',
  { skip },
  onStage(
    async (stage) => {
      const { large, content } = await pushLarge(stage);
      const nginx = await startNginx(stage.bench, stage.mirror);
      const held = stage.upstream.hold(large.digest, 3_000_001);
      const url = `${nginx.url}/v2/acme/summed/blobs/${large.digest}`;
      const pieces: Uint8Array[] = [];
      const answer = await fetch(url);
      const reading = (async () => {
        for await (const piece of answer.body ?? []) pieces.push(piece as Uint8Array);
      })();
      const others = [1, 2, 3].map(() => askAt(url));
      await waitUntil('the first part has come', async () =>
        Promise.resolve(Buffer.concat(pieces).length >= 3_000_000),
      );
      held.release();
      await reading;
      assert.ok(Buffer.concat(pieces).equals(content));
      for (const other of await Promise.all(others)) assert.ok(other.body.equals(content));
      const gets = stage.upstream.requests.filter((request) => request.endsWith(large.digest));
      assert.equal(gets.filter((request) => request.startsWith('GET ')).length, 1);
    },
    { mirror: { settings: nginxSettings } },
  ),
);

const clients: readonly ClientKind[] = [
  { name: 'skopeo', skip, prepare: prepareSkopeo },
  { name: 'dockerd', skip: skipDockerd, prepare: startDockerd },
];

for (const { name, skip: skipClient, prepare } of clients) {
  test(
    `${name} pulls through nginx, at first what comes in and then what is held`,
    { skip: skipClient },
    onStage(
      async (stage) => {
        const image = await layeredImage(stage.bench);
        await stage.upstream.push(image, 'acme/layered:2');
        const nginx = await startNginx(stage.bench, stage.mirror);
        const client = await prepare({ ...stage.client, mirrorAddress: nginx.address });
        await client.pull(layered);
        await client.assertHolds(layered, image);
        assert.deepEqual(handedOver(stage), []);
        await client.forget(layered);
        await client.pull(layered);
        await client.assertHolds(layered, image);
        // The others are answered from memory.
        const large = image.layers.filter(({ size }) => size > 256 * 1024);
        assert.equal(handedOver(stage).length, large.length);
        assert.deepEqual(stage.outside.attempts, []);
      },
      { mirror: { settings: nginxSettings } },
    ),
  );
}
