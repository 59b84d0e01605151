import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { mediaTypes } from '../../../src/registry/mediaType.ts';
import { buildArtifact, buildImage, manifestDescriptor } from '../images.ts';
import type { HubSettings } from './hubSettings.ts';
import { plainClient } from './plainClient.ts';
import { startHub } from './scriptedHub.ts';

const image = buildImage();
const signature = buildArtifact({ artifactType: 'application/vnd.a', subject: image.manifest });
const bill = buildArtifact({ artifactType: 'application/vnd.b', subject: image.manifest });

async function tagged(t: TestContext, options: Partial<HubSettings> = {}) {
  const hub = await startHub(t, options);
  hub.addImage('library/alpine', image, { tags: ['c', 'a', 'e', 'b', 'd'] });
  const { pull } = plainClient(hub);
  return async (query: string) => {
    const reply = await pull(`/v2/library/alpine/tags/list${query}`);
    const { tags } = reply.json() as { tags: string[] };
    return { tags: tags.join(''), link: reply.headers['link'] };
  };
}

async function referred(t: TestContext, options: Partial<HubSettings> = {}) {
  const hub = await startHub(t, options);
  for (const one of [image, signature, bill]) hub.addImage('library/alpine', one);
  const { pull } = plainClient(hub);
  return (rest: string) => pull(`/v2/library/alpine/referrers/${rest}`);
}

describe('the tag list', () => {
  test('comes in lexical order and whole where it fits', async (t) => {
    const list = await tagged(t);
    assert.deepEqual(await list(''), { tags: 'abcde', link: undefined });
    assert.deepEqual(await list('?last=c'), { tags: 'de', link: undefined });
    assert.deepEqual(await list('?n=0'), { tags: '', link: undefined });
  });

  test('comes in pages that a relative Link joins', async (t) => {
    const list = await tagged(t);
    const first = await list('?n=2');
    const link = '</v2/library/alpine/tags/list?n=2&last=b>; rel="next"';
    assert.deepEqual(first, { tags: 'ab', link });
    assert.equal((await list('?n=2&last=b')).tags, 'cd');
    assert.deepEqual(await list('?n=2&last=d'), { tags: 'e', link: undefined });
  });

  test('has pages of the registry’s size whatever the client asks for', async (t) => {
    const list = await tagged(t, { tagPageSize: 3 });
    assert.equal((await list('?n=1000')).tags, 'abc');
  });

  test('ignores last where pages are opaque', async (t) => {
    const list = await tagged(t, { tagPaging: 'next_page' });
    assert.equal((await list('?n=2&last=d')).tags, 'ab');
    const { link = '' } = await list('?n=2');
    assert.doesNotMatch(link, /last=/);
    const next = /\?[^>]+/.exec(link)?.[0] ?? '';
    assert.equal((await list(next)).tags, 'cd');
  });
});

describe('referrers', () => {
  test('are an index of what names the manifest as its subject', async (t) => {
    const list = await referred(t);
    const reply = await list(image.manifest.digest);
    assert.equal(reply.headers['content-type'], mediaTypes.ociIndex);
    assert.deepEqual(reply.json(), {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [manifestDescriptor(signature), manifestDescriptor(bill)],
    });
  });

  test('are an empty index for a manifest that nothing refers to', async (t) => {
    const list = await referred(t);
    const reply = await list(bill.manifest.digest);
    assert.equal(reply.status, 200);
    assert.deepEqual((reply.json() as { manifests: unknown[] }).manifests, []);
  });

  test('can be filtered, and the answer says that they were', async (t) => {
    const list = await referred(t);
    const reply = await list(`${image.manifest.digest}?artifactType=application/vnd.b`);
    assert.equal(reply.headers['oci-filters-applied'], 'artifactType');
    const { manifests } = reply.json() as { manifests: unknown[] };
    assert.deepEqual(manifests, [manifestDescriptor(bill)]);
  });

  test('come in pages that a Link joins', async (t) => {
    const list = await referred(t, { referrersPageSize: 1 });
    const first = await list(image.manifest.digest);
    const link = `</v2/library/alpine/referrers/${image.manifest.digest}?from=1>; rel="next"`;
    assert.equal(first.headers['link'], link);
    const second = await list(`${image.manifest.digest}?from=1`);
    assert.deepEqual((second.json() as { manifests: unknown[] }).manifests, [
      manifestDescriptor(bill),
    ]);
    assert.equal(second.headers['link'], undefined);
  });

  test('are refused for what is no digest', async (t) => {
    const list = await referred(t);
    assert.equal((await list('sha256:no')).status, 400);
  });

  test('are a 404 where the registry has no such API', async (t) => {
    const list = await referred(t, { referrersApi: false });
    assert.equal((await list(image.manifest.digest)).status, 404);
  });
});
