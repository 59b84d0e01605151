import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { nextLink } from '../../src/registry/link.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import type { HubSettings } from '../support/hub/hubSettings.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildArtifact, buildImage, manifestDescriptor } from '../support/images.ts';
import { startMirror } from '../support/testMirror.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { wireClient, type WireAnswer } from './wireAnswer.ts';

const image = buildImage();
const signature = buildArtifact({ artifactType: 'application/vnd.a', subject: image.manifest });
const bill = buildArtifact({ artifactType: 'application/vnd.b', subject: image.manifest });
const allTags = ['1.0', '1.1', '2.0', 'edge', 'latest'];

async function serve(t: TestContext, settings: Partial<HubSettings> = {}) {
  const hub = await startHub(t, settings);
  hub.addImage('library/alpine', image, { tags: allTags });
  hub.addImage('library/alpine', signature);
  hub.addImage('library/alpine', bill);
  const mirror = await startMirror(t, [hub, { ...hub, host: 'ghcr.io' }]);
  return { hub, ask: wireClient(mirror.port) };
}

function tagsOf({ body }: WireAnswer): string[] {
  return (JSON.parse(body.toString()) as { tags: string[] }).tags;
}

function entriesOf({ body }: WireAnswer): unknown {
  return (JSON.parse(body.toString()) as { manifests: unknown }).manifests;
}

describe('a list of tags', () => {
  test('comes whole, with exact headers, and is kept for a while', async (t) => {
    const { hub, ask } = await serve(t);
    for (const outcome of ['miss', 'hit']) {
      const answer = await ask('GET', '/v2/library/alpine/tags/list');
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.equal(answer.headers['content-length'], String(answer.body.length));
      assert.equal(answer.headers['x-cache'], outcome);
      assert.equal(answer.headers['link'], undefined);
      const body = JSON.parse(answer.body.toString()) as unknown;
      assert.deepEqual(body, { name: 'library/alpine', tags: allTags });
    }
    assert.equal(hub.count({ operation: 'tags', status: 200 }), 1);
  });

  test('is cut by n and entered by last', async (t) => {
    const { ask } = await serve(t);
    const list = async (query: string): Promise<string[]> =>
      tagsOf(await ask('GET', `/v2/library/alpine/tags/list?${query}`));
    assert.deepEqual(await list('n=2'), ['1.0', '1.1']);
    assert.deepEqual(await list('last=2.0'), ['edge', 'latest']);
    assert.deepEqual(await list('n=1&last=1.1'), ['2.0']);
    assert.deepEqual(await list('n=1000'), allTags);
    assert.deepEqual(await list('last=zzz'), []);
  });

  for (const tagPaging of ['last', 'next_page'] as const) {
    for (const start of [
      '/v2/library/alpine/tags/list?n=2',
      '/v2/alpine/tags/list?n=2',
      '/v2/library/alpine/tags/list?n=2&ns=docker.io',
      '/v2/docker.io/library/alpine/tags/list?n=2',
      '/v2/library/alpine/tags/list?ns=ghcr.io&n=2',
      '/v2/ghcr.io/library/alpine/tags/list',
    ]) {
      test(`is had whole by following ${tagPaging} links from ${start}`, async (t) => {
        const { ask } = await serve(t, { tagPaging, tagPageSize: 2 });
        const found: string[] = [];
        const [path = '', query = ''] = start.split('?');
        const ns = new URLSearchParams(query).get('ns');
        let target: string | undefined = start;
        while (target !== undefined) {
          const answer: WireAnswer = await ask('GET', target);
          assert.equal(answer.headers['oci-namespace'], ns ?? undefined);
          found.push(...tagsOf(answer));
          target = nextLink(answer.headers['link']);
          if (target === undefined) break;
          assert.ok(target.startsWith(`${path}?`), target);
          assert.equal(new URLSearchParams(target.split('?')[1]).get('ns'), ns);
        }
        assert.deepEqual(found, allTags);
      });
    }
  }

  test('with n=0 is empty and has no link, but the repository must exist', async (t) => {
    const { hub, ask } = await serve(t);
    // Not every registry knows what n=0 means.
    hub.fault({ at: 'tags', status: 400, when: ({ query }) => query.get('n') === '0' });
    const answer = await ask('GET', '/v2/library/alpine/tags/list?n=0');
    assert.equal(answer.status, 200);
    assert.deepEqual(tagsOf(answer), []);
    assert.equal(answer.headers['link'], undefined);
    const missing = await ask('GET', '/v2/library/missing/tags/list?n=0');
    assertRegistryError(missing, 404, 'NAME_UNKNOWN');
  });

  test('with an n that is no number is refused without asking', async (t) => {
    const { hub, ask } = await serve(t);
    for (const n of ['abc', '-1', '1.5', '', '1e3', '0x10', '%20', '99999999999', '1%00']) {
      const answer = await ask('GET', `/v2/library/alpine/tags/list?n=${n}`);
      assertRegistryError(answer, 400, 'PAGINATION_NUMBER_INVALID', n);
    }
    assert.equal(hub.count(), 0);
  });

  test('that the upstream can not give is an error with a time to come back', async (t) => {
    const { hub, ask } = await serve(t);
    hub.fault({ at: 'tags', status: 500 });
    const answer = await ask('GET', '/v2/library/alpine/tags/list');
    assertRegistryError(answer, 503, 'UNAVAILABLE');
    assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/);
  });
});

describe('a list of referrers', () => {
  const path = `/v2/library/alpine/referrers/${image.manifest.digest}`;

  for (const referrersApi of [true, false]) {
    test(`is an index, empty where there are none, ${referrersApi ? 'from' : 'without'} the API`, async (t) => {
      const { ask } = await serve(t, { referrersApi });
      const expected = referrersApi ? [signature, bill].map(manifestDescriptor) : [];
      const nothing = digestOf(Buffer.from('nothing refers to this'));
      for (const [target, entries] of [
        [path, expected],
        [`/v2/library/alpine/referrers/${nothing}`, []],
      ] as const) {
        const answer = await ask('GET', target);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['content-type'], mediaTypes.ociIndex);
        assert.equal(answer.headers['content-length'], String(answer.body.length));
        const index = JSON.parse(answer.body.toString()) as Record<string, unknown>;
        assert.equal(index['schemaVersion'], 2);
        assert.equal(index['mediaType'], mediaTypes.ociIndex);
        assert.deepEqual(entriesOf(answer), entries);
        assert.equal(answer.headers['oci-filters-applied'], undefined);
      }
    });
  }

  test('can be filtered, and says so', async (t) => {
    const { ask } = await serve(t);
    const answer = await ask('GET', `${path}?artifactType=application/vnd.b&ns=docker.io`);
    assert.equal(answer.headers['oci-filters-applied'], 'artifactType');
    assert.deepEqual(entriesOf(answer), [manifestDescriptor(bill)]);
    const none = await ask('GET', `${path}?artifactType=application/vnd.none`);
    assert.equal(none.status, 200);
    assert.deepEqual(entriesOf(none), []);
  });

  test('comes in pages that relative links join', async (t) => {
    const { ask } = await serve(t, { referrersPageSize: 1 });
    const first = await ask('GET', `${path}?ns=docker.io`);
    const next = nextLink(first.headers['link']) ?? '';
    assert.ok(next.startsWith(`${path}?`), next);
    assert.match(next, /[?&]ns=docker\.io$/);
    const second = await ask('GET', next);
    assert.deepEqual(entriesOf(second), [manifestDescriptor(bill)]);
    assert.equal(second.headers['link'], undefined);
  });

  test('of what is no digest is refused', async (t) => {
    const { hub, ask } = await serve(t);
    for (const digest of ['latest', 'sha256:abc', 'sha256:baddigeststring', 'md5:00']) {
      const answer = await ask('GET', `/v2/library/alpine/referrers/${digest}`);
      assertRegistryError(answer, 400, 'DIGEST_INVALID', digest);
    }
    assert.equal(hub.count(), 0);
  });
});
