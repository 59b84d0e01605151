import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freshnessOf, type TagRule } from '../../src/mirror/tagFreshness.ts';
import { parseGlob, type Glob } from '../../src/registry/glob.ts';
import { parseTag } from '../../src/registry/reference.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import { buildImage } from '../support/images.ts';
import { getManifest, pullImage } from './pulls.ts';
import { startScene } from './scene.ts';

const minute = 60_000;
const second = 1000;

function globsOf(texts: readonly string[]): Glob[] {
  return texts.map((text) => parseGlob(text) ?? assert.fail(`${text} is no glob`));
}

function ruleOf(
  tags: readonly string[],
  freshness: number,
  repositories?: readonly string[],
): TagRule {
  const only = repositories === undefined ? {} : { repositories: globsOf(repositories) };
  return { tags: globsOf(tags), freshness, ...only };
}

function chosenFreshness(tagRules: readonly TagRule[], repository: string, text: string): number {
  const name = parseRepositoryName(repository);
  const tag = parseTag(text);
  assert.ok(name !== undefined && tag !== undefined);
  return freshnessOf({ tagRules, tagFreshness: minute }, name, tag);
}

describe('the freshness of a tag', () => {
  test('is that of its upstream where there is no rule for it', () => {
    assert.equal(chosenFreshness([], 'library/alpine', 'latest'), minute);
    assert.equal(chosenFreshness([ruleOf(['main'], 0)], 'library/alpine', 'latest'), minute);
  });

  test('is that of the first rule that is for it, though it be 0', () => {
    const rules = [ruleOf(['latest'], 0), ruleOf(['*'], 5), ruleOf(['v*'], 9)];
    assert.equal(chosenFreshness(rules, 'library/alpine', 'latest'), 0);
    assert.equal(chosenFreshness(rules, 'library/alpine', 'v1.2.3'), 5);
  });

  test('is that of a rule of which any one pattern is for the tag', () => {
    const rules = [ruleOf(['latest', 'v*.*.*'], 5)];
    assert.equal(chosenFreshness(rules, 'library/alpine', 'v1.2.3'), 5);
    assert.equal(chosenFreshness(rules, 'library/alpine', 'v1.2'), minute);
  });

  test('is that of a rule for repositories in these alone', () => {
    const rules = [ruleOf(['latest'], 5, ['library/*', 'acme/**'])];
    assert.equal(chosenFreshness(rules, 'library/alpine', 'latest'), 5);
    assert.equal(chosenFreshness(rules, 'acme/team/app', 'latest'), 5);
    assert.equal(chosenFreshness(rules, 'library/alpine', '3.20'), minute);
    assert.equal(chosenFreshness(rules, 'bitnami/redis', 'latest'), minute);
  });

  test('is that of a rule for no repository in none', () => {
    assert.equal(chosenFreshness([ruleOf(['latest'], 5, [])], 'library/alpine', 'latest'), minute);
  });
});

describe('a tag with a rule of its own', () => {
  const repository = 'library/alpine';
  const image = buildImage();
  const tagRules = [ruleOf(['latest'], 30 * second), ruleOf(['v*'], 60 * minute)];

  test('is asked for when its own freshness is over, and others are not', async (t) => {
    const { clock, hub, mirror } = await startScene(t, { tagRules, tagFreshness: minute });
    hub.addImage(repository, image, { tags: ['latest', 'v1.2.3', 'edge'] });
    const outcomes = async () => {
      const answers = ['latest', 'v1.2.3', 'edge'].map((tag) =>
        getManifest(mirror, repository, tag),
      );
      return (await Promise.all(answers)).map(({ headers }) => headers['x-cache']);
    };
    await outcomes();
    clock.advance(30 * second - 1);
    assert.deepEqual(await outcomes(), ['hit', 'hit', 'hit']);
    clock.advance(1);
    assert.deepEqual(await outcomes(), ['revalidated', 'hit', 'hit']);
    clock.advance(30 * second);
    assert.deepEqual(await outcomes(), ['revalidated', 'hit', 'revalidated']);
    clock.advance(59 * minute);
    assert.deepEqual(await outcomes(), ['revalidated', 'revalidated', 'revalidated']);
  });

  test('is served stale until staleIfError has passed since the end of its own freshness', async (t) => {
    const staleIfError = 10 * minute;
    const { clock, hub, mirror } = await startScene(t, { tagRules, staleIfError });
    hub.addImage(repository, image, { tags: ['latest'] });
    await pullImage(mirror, repository, 'latest', image);
    await hub.goDown();
    clock.advance(30 * second + staleIfError);
    const last = await getManifest(mirror, repository, 'latest');
    assert.deepEqual([last.status, last.headers['x-cache']], [200, 'stale']);
    clock.advance(1);
    assert.equal((await getManifest(mirror, repository, 'latest')).status, 503);
  });
});
