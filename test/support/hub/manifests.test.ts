import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { manifestAccept, mediaTypes } from '../../../src/registry/mediaType.ts';
import { buildImage, buildMultiPlatformImage } from '../images.ts';
import { manualClock } from '../manualClock.ts';
import { paidAccount, personalAccount } from './accounts.ts';
import { manifestPath, plainClient } from './plainClient.ts';
import { startHub } from './scriptedHub.ts';

const image = buildImage({ format: 'docker' });
const everyType = { accept: manifestAccept };

describe('what a manifest is answered with', () => {
  test('without a token there is a challenge that names realm, service and scope', async (t) => {
    const hub = await startHub(t);
    const reply = await plainClient(hub).fetch(
      `${hub.registryUrl}/v2/library/alpine/manifests/3.20`,
    );
    assert.equal(reply.status, 401);
    assert.equal(
      reply.headers['www-authenticate'],
      `Bearer realm="${hub.tokenUrl}/token",service="registry.docker.io",scope="repository:library/alpine:pull"`,
    );
    assert.match(reply.text, /"code":"UNAUTHORIZED"/);
    assert.equal(reply.headers['docker-ratelimit-source'], '127.0.0.1');
  });

  test('a GET brings the bytes, and a HEAD the same headers without them', async (t) => {
    const hub = await startHub(t);
    const client = plainClient(hub);
    hub.addImage('library/alpine', image, { tags: ['3.20'] });
    const path = '/v2/library/alpine/manifests/3.20';
    const get = await client.pull(path, { headers: everyType });
    const head = await client.pull(path, { method: 'HEAD', headers: everyType });
    assert.deepEqual(get.bytes, image.manifest.bytes);
    assert.equal(head.bytes.length, 0);
    await hub.idle();
    assert.equal(hub.requests.at(-1)?.bytesSent, 0);
    for (const { status, headers } of [get, head]) {
      assert.equal(status, 200);
      assert.equal(headers['content-type'], mediaTypes.dockerManifest);
      assert.equal(headers['content-length'], String(image.manifest.bytes.length));
      assert.equal(headers['docker-content-digest'], image.manifest.digest);
      assert.equal(headers['etag'], `"${image.manifest.digest}"`);
      assert.equal(headers['docker-distribution-api-version'], 'registry/2.0');
    }
  });

  test('a missing tag of an existing repository is a 404', async (t) => {
    const hub = await startHub(t);
    hub.addImage('library/alpine', image, { tags: ['3.20'] });
    hub.removeTag('library/alpine', '3.20');
    const reply = await plainClient(hub).pull('/v2/library/alpine/manifests/3.20');
    assert.equal(reply.status, 404);
    assert.match(reply.text, /"code":"MANIFEST_UNKNOWN"/);
  });

  test('a removed repository is refused like one that never was', async (t) => {
    const hub = await startHub(t);
    hub.addImage('library/alpine', image, { tags: ['3.20'] });
    hub.removeRepository('library/alpine');
    const reply = await plainClient(hub).pull('/v2/library/alpine/manifests/3.20');
    assert.equal(reply.status, 401);
  });

  test('a tag can be moved', async (t) => {
    const hub = await startHub(t);
    const newer = buildImage({ seed: 'newer' });
    hub.addImage('library/alpine', image, { tags: ['latest'] });
    hub.addImage('library/alpine', newer);
    hub.tag('library/alpine', 'latest', newer);
    const reply = await plainClient(hub).pull('/v2/library/alpine/manifests/latest');
    assert.equal(reply.headers['docker-content-digest'], newer.manifest.digest);
  });

  test('a client that does not accept indexes gets the amd64 manifest behind a tag', async (t) => {
    const hub = await startHub(t);
    const client = plainClient(hub);
    const index = buildMultiPlatformImage();
    hub.addImage('library/alpine', index, { tags: ['3.20'] });
    const path = '/v2/library/alpine/manifests/3.20';
    const wide = await client.pull(path, { headers: everyType });
    assert.equal(wide.headers['docker-content-digest'], index.manifest.digest);
    const narrow = await client.pull(path, { headers: { accept: mediaTypes.ociManifest } });
    assert.equal(narrow.headers['docker-content-digest'], index.children[0]?.manifest.digest);
    const byDigest = await client.pull(manifestPath('library/alpine', index));
    assert.deepEqual(byDigest.bytes, index.manifest.bytes);
  });
});

describe('the pull limit', () => {
  test('GETs are counted, HEADs are not', async (t) => {
    const hub = await startHub(t);
    const client = plainClient(hub);
    hub.addImage('library/alpine', image);
    const path = manifestPath('library/alpine', image);
    const remaining = async (method: 'GET' | 'HEAD') =>
      (await client.pull(path, { method })).headers['ratelimit-remaining'];
    assert.equal(await remaining('HEAD'), '100;w=21600');
    assert.equal(await remaining('GET'), '99;w=21600');
    assert.equal(await remaining('HEAD'), '99;w=21600');
    assert.equal(await remaining('GET'), '98;w=21600');
  });

  test('each account has its own, and one that pays has none', async (t) => {
    const hub = await startHub(t);
    const client = plainClient(hub);
    hub.addImage('library/alpine', image);
    const path = manifestPath('library/alpine', image);
    const personal = (await client.pull(path, { account: personalAccount })).headers;
    assert.equal(personal['ratelimit-limit'], '200;w=21600');
    assert.equal(personal['ratelimit-remaining'], '199;w=21600');
    const paid = (await client.pull(path, { account: paidAccount })).headers;
    assert.equal(paid['ratelimit-limit'], undefined);
    assert.equal(paid['ratelimit-remaining'], undefined);
    assert.match(paid['docker-ratelimit-source'] ?? '', /^[0-9a-f-]{36}$/);
    const anonymous = (await client.pull(path)).headers;
    assert.equal(anonymous['ratelimit-remaining'], '99;w=21600');
  });

  test('beyond it a GET is refused with 429 while a HEAD still succeeds', async (t) => {
    const hub = await startHub(t);
    const client = plainClient(hub);
    hub.addImage('library/alpine', image);
    hub.setRemaining('anonymous', 1);
    const path = manifestPath('library/alpine', image);
    assert.equal((await client.pull(path)).status, 200);
    const refused = await client.pull(path);
    assert.equal(refused.status, 429);
    assert.match(refused.text, /"code":"TOOMANYREQUESTS".*unauthenticated pull rate limit/);
    assert.equal(refused.headers['ratelimit-remaining'], '0;w=21600');
    assert.equal(refused.headers['retry-after'], undefined);
    const head = await client.pull(path, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers['ratelimit-remaining'], '0;w=21600');
  });

  test('it starts anew when its window has passed', async (t) => {
    const clock = manualClock();
    const hub = await startHub(t, { clock });
    const client = plainClient(hub);
    hub.addImage('library/alpine', image);
    hub.setRemaining(personalAccount.username, 0);
    const path = manifestPath('library/alpine', image);
    assert.equal((await client.pull(path, { account: personalAccount })).status, 429);
    clock.advance(21_600_000);
    assert.equal((await client.pull(path, { account: personalAccount })).status, 200);
  });
});
