import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { request } from 'undici';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { blobBytes, generatedBlob, type BlobContent } from '../support/blobContent.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import { lastFirst } from '../support/lifetime.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { startMirrorProcess } from './mirrorProcess.ts';
import { blobPath } from './pulls.ts';

const repository = 'library/alpine';
const mebibyte = 1024 * 1024;

interface Killed {
  readonly hub: ScriptedHub;
  readonly layout: StoreLayout;
  /** Starts the program again and pulls the blob; gives the status of the answer and its bytes. */
  readonly pullAgain: () => Promise<{ status: number; bytes: Buffer }>;
}

/** Kills the program when a client has got so many bytes of a blob, of which no more came. */
async function killAfter(t: TestContext, blob: BlobContent, length: number): Promise<Killed> {
  const lifetime = lastFirst(t);
  const directory = await temporaryDirectory(lifetime);
  const hub = await startHub(lifetime);
  hub.addImage(repository, buildImage({ layers: [blob] }), { tags: ['3.20'] });
  hub.fault({ at: 'blob_body', stallAfter: length, times: 1 });
  const path = blobPath(repository, blob.digest);
  const mirror = await startMirrorProcess(lifetime, hub, { directory });
  const client = await openRawConnection(mirror.port);
  client.send(`GET ${path} HTTP/1.1\r\nHost: mirror\r\n\r\n`);
  while (client.received().length < length) await once(client.socket, 'data');
  await mirror.kill();
  hub.clearFaults();
  hub.forget();
  const pullAgain: Killed['pullAgain'] = async () => {
    const again = await startMirrorProcess(lifetime, hub, { directory });
    const answer = await request(`http://127.0.0.1:${again.port}${path}`);
    return {
      status: answer.statusCode,
      bytes: Buffer.from(await answer.body.arrayBuffer()),
    };
  };
  return { hub, layout: new StoreLayout(join(directory, 'data')), pullAgain };
}

function rangesAsked(hub: ScriptedHub): Array<string | undefined> {
  const asked = hub.requests.filter(({ operation }) => operation === 'cdn_get');
  return asked.map(({ headers }) => headers.range);
}

describe('a process that is killed while it fetches', () => {
  test('goes on with a large blob where it was when it starts again', async (t) => {
    const blob = generatedBlob({ size: 5 * mebibyte, seed: 'half of it' });
    const { hub, pullAgain } = await killAfter(t, blob, 3 * mebibyte);
    const { status, bytes } = await pullAgain();
    assert.equal(status, 200);
    assert.ok(bytes.equals(blobBytes(blob)));
    const [range, ...others] = rangesAsked(hub);
    assert.deepEqual(others, []);
    // What a client has was written; of what came after, some may have been.
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]);
    assert.ok(start >= 3 * mebibyte - 1000, `asked for ${range}`);
  });

  test('sweeps a small one and fetches it anew', async (t) => {
    const blob = generatedBlob({ size: 500_000, seed: 'a small one' });
    const { hub, layout, pullAgain } = await killAfter(t, blob, 200_000);
    const [left = ''] = await readdir(layout.incoming);
    assert.ok(left.length > 0);
    const { bytes } = await pullAgain();
    assert.ok(bytes.equals(blobBytes(blob)));
    assert.deepEqual(rangesAsked(hub), [undefined]);
    assert.ok(!(await readdir(layout.incoming)).includes(left));
  });
});
