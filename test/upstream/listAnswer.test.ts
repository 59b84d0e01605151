import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import type { HubSettings } from '../support/hub/hubSettings.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildArtifact, buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { openHub, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const image = buildImage();
const { digest } = image.manifest;

async function startAlpine(t: Lifetime, settings?: Partial<HubSettings>): Promise<ScriptedHub> {
  const hub = await startHub(t, settings);
  hub.addImage('library/alpine', image, { tags: ['a', 'b', 'c', 'd', 'e'] });
  return hub;
}

describe('a list of tags', () => {
  for (const tagPaging of ['last', 'next_page'] as const) {
    test(`is read page by page where pages are told by ${tagPaging}`, async (t) => {
      const hub = await startAlpine(t, { tagPaging, tagPageSize: 2 });
      const { upstream } = openHub(t, hub);
      const pages: (readonly string[])[] = [];
      for (let query: string | undefined = ''; query !== undefined;) {
        const page = await upstream.listTags(alpine, query);
        pages.push(page?.tags ?? []);
        query = page?.next;
      }
      assert.deepEqual(pages, [['a', 'b'], ['c', 'd'], ['e']]);
    });
  }

  test('is asked for with the query as it was given', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    await upstream.listTags(alpine, 'n=3&last=a%2Bb');
    assert.deepEqual(
      [...(hub.requests.at(-1)?.query ?? [])],
      [
        ['n', '3'],
        ['last', 'a+b'],
      ],
    );
  });

  test('has its next page at this upstream, whatever address the link has', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    const nextOf = async (link: string): Promise<string | undefined> => {
      hub.clearFaults();
      hub.fault({ at: 'tags', headers: { link } });
      return (await upstream.listTags(alpine, ''))?.next;
    };
    assert.equal(
      await nextOf('<https://evil.example/v2/x/tags/list?page=2>; rel="next"'),
      'page=2',
    );
    assert.equal(await nextOf('</v2/library/alpine/tags/list?page=3>; rel=next'), 'page=3');
    assert.equal(await nextOf('</v2/library/alpine/tags/list>; rel="next"'), undefined);
    assert.equal(await nextOf('<?page=1>; rel="prev"'), undefined);
  });

  const lists: [unknown, string[]][] = [
    [null, []],
    [undefined, []],
    [
      ['a', null, 7, 'b'],
      ['a', 'b'],
    ],
  ];
  for (const [tags, expected] of lists) {
    test(`of ${JSON.stringify(tags)} has the tags ${JSON.stringify(expected)}`, async (t) => {
      const hub = await startAlpine(t);
      hub.fault({ at: 'tags', editJson: (list) => ({ ...list, tags }) });
      const { upstream } = openHub(t, hub);
      assert.deepEqual((await upstream.listTags(alpine, ''))?.tags, expected);
    });
  }

  test('that is no list is a server error, and so is one that is too long', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub, { limits: { list: 200 } });
    for (const body of [
      '[]',
      '<html>',
      '{"tags":"a"}',
      JSON.stringify({ tags: ['x'.repeat(200)] }),
    ]) {
      hub.clearFaults();
      hub.fault({ at: 'tags', body });
      const error = await rejection(upstream.listTags(alpine, ''));
      assert.ok(error instanceof UpstreamError);
      assert.equal(error.failure, 'server_error');
    }
  });

  test('of a registry that has none is undefined', async (t) => {
    const hub = await startAlpine(t);
    hub.fault({ at: 'tags', status: 404 });
    const { upstream } = openHub(t, hub);
    assert.equal(await upstream.listTags(alpine, ''), undefined);
  });
});

describe('a list of referrers', () => {
  test('comes byte for byte, with the filter that was applied and the next page', async (t) => {
    const hub = await startAlpine(t, { referrersPageSize: 1 });
    for (const artifactType of ['application/x.a', 'application/x.b']) {
      hub.addImage('library/alpine', buildArtifact({ artifactType, subject: image.manifest }));
    }
    const { upstream } = openHub(t, hub);
    const all = await upstream.listReferrers(alpine, digest, '');
    assert.equal(JSON.parse(String(all?.bytes)).manifests.length, 1);
    assert.equal(all?.filtersApplied, undefined);
    const second = await upstream.listReferrers(alpine, digest, all?.next ?? '');
    assert.match(String(second?.bytes), /application\/x\.b/);
    assert.equal(second?.next, undefined);
    const filtered = await upstream.listReferrers(alpine, digest, 'artifactType=application/x.b');
    assert.equal(filtered?.filtersApplied, 'artifactType');
  });

  test('of a registry without a referrers API is undefined', async (t) => {
    const hub = await startAlpine(t, { referrersApi: false });
    const { upstream } = openHub(t, hub);
    assert.equal(await upstream.listReferrers(alpine, digest, ''), undefined);
  });

  for (const status of [405, 501]) {
    test(`answered with ${status} means that there is no such API`, async (t) => {
      const hub = await startAlpine(t);
      hub.fault({ at: 'referrers', status });
      const { upstream } = openHub(t, hub);
      assert.equal(await upstream.listReferrers(alpine, digest, ''), undefined);
    });
  }

  test('in another media type means that there is no such API', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    assert.ok(await upstream.listReferrers(alpine, digest, ''));
    hub.fault({ at: 'referrers', html: true });
    assert.equal(await upstream.listReferrers(alpine, digest, ''), undefined);
  });

  test('is asked for in the media type that the distribution-spec prescribes', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    await upstream.listReferrers(alpine, digest, '');
    assert.equal(hub.requests.at(-1)?.headers.accept, mediaTypes.ociIndex);
  });
});
