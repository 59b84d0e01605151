import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildImage } from '../support/images.ts';
import { ask, errorCode, getBlob, getManifest, pullImage, type Answer } from './pulls.ts';
import { startScene, type Scene } from './scene.ts';

const repository = 'library/alpine';
const path = `/v2/${repository}/tags/list`;
const image = buildImage();
const tags = ['3.18', '3.19', '3.20', 'edge', 'latest'];

function tagsIn({ bytes }: Answer): readonly string[] {
  return (JSON.parse(bytes.toString()) as { tags: string[] }).tags;
}

/** Follows the links from page to page. */
async function allPages({ mirror }: Scene, first: string): Promise<readonly string[][]> {
  const pages: string[][] = [];
  for (let next: string | undefined = first; next !== undefined;) {
    const answer: Answer = await ask(mirror, next);
    assert.equal(answer.status, 200);
    pages.push([...tagsIn(answer)]);
    next = /^<(\/[^>]*)>; rel="next"$/.exec(answer.headers['link'] ?? '')?.[1];
  }
  return pages;
}

describe('a list of tags', () => {
  test('is cut into the pages that the client asks for', async (t) => {
    const scene = await startScene(t);
    scene.hub.addImage(repository, image, { tags });
    assert.deepEqual(await allPages(scene, `${path}?n=2`), [
      ['3.18', '3.19'],
      ['3.20', 'edge'],
      ['latest'],
    ]);
  });

  test('is followed over pages with opaque addresses, as those of quay.io', async (t) => {
    const scene = await startScene(t, { hub: { tagPaging: 'next_page', tagPageSize: 3 } });
    scene.hub.addImage(repository, image, { tags });
    assert.deepEqual(await allPages(scene, path), [tags.slice(0, 3), tags.slice(3)]);
  });

  test('is asked for once by many clients, and again after half a minute', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(mirror, path)));
    assert.ok(answers.every((answer) => tagsIn(answer).length === tags.length));
    assert.equal(hub.count({ operation: 'tags', status: 200 }), 1);
    hub.tag(repository, 'new', image);
    clock.advance(29_999);
    const early = await ask(mirror, path);
    assert.deepEqual([early.headers['x-cache'], tagsIn(early)], ['hit', tags]);
    clock.advance(1);
    assert.deepEqual(tagsIn(await ask(mirror, path)), [...tags, 'new']);
    assert.equal(hub.count({ operation: 'tags', status: 200 }), 2);
  });

  test('is served stale while the upstream fails', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags });
    await ask(mirror, path);
    await hub.goDown();
    clock.advance(60_000);
    const answer = await ask(mirror, path);
    assert.deepEqual([answer.headers['x-cache'], tagsIn(answer)], ['stale', tags]);
  });

  test('is answered with 503 when the upstream fails and nothing is kept', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags });
    await hub.goDown();
    const answer = await ask(mirror, path);
    assert.deepEqual([answer.status, errorCode(answer)], [503, 'UNAVAILABLE']);
  });

  test('of a repository that is gone is not found, and never comes back as a stale one', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags });
    await ask(mirror, path);
    hub.makePrivate(repository);
    clock.advance(60_000);
    const answer = await ask(mirror, path);
    assert.deepEqual([answer.status, errorCode(answer)], [404, 'NAME_UNKNOWN']);
    await hub.goDown();
    clock.advance(10_000);
    assert.equal((await ask(mirror, path)).status, 503);
  });

  test('of a repository that is gone takes everything else of it along', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags });
    await pullImage(mirror, repository, '3.20', image);
    hub.makePrivate(repository);
    clock.advance(1);
    assert.equal((await ask(mirror, path)).status, 404);
    assert.equal((await getManifest(mirror, repository, '3.20')).status, 404);
    assert.equal((await getManifest(mirror, repository, image.manifest.digest)).status, 404);
    assert.equal((await getBlob(mirror, repository, image.config.digest)).status, 404);
  });
});
