import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { matchesImage } from '../../src/registry/imagePattern.ts';
import { referenceText } from '../../src/registry/reference.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import { ImageSelector } from '../../src/upkeep/imageSelector.ts';
import { UpkeepError } from '../../src/upkeep/upkeepError.ts';
import { wholeName } from '../../src/upkeep/wholeName.ts';
import { twoUpstreams } from './inventory/inventoryScene.ts';

const digest = digestOf(Buffer.from('image'));
const selector = new ImageSelector(twoUpstreams());

/** What is said of a text that nothing can be made of. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof UpkeepError);
    assert.equal(error.failure, 'invalid');
    return error.message;
  }
  throw new Error('it was taken');
}

describe('a name', () => {
  for (const [text, whole] of [
    ['alpine', 'docker.io/library/alpine:latest'],
    ['acme/app:1', 'docker.io/acme/app:1'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['index.docker.io/acme/app', 'docker.io/acme/app:latest'],
    ['GHCR.io/alpine', 'ghcr.io/alpine:latest'],
    [`ghcr.io/a/b:1@${digest}`, `ghcr.io/a/b@${digest}`],
  ] as const) {
    test(`${text} means ${whole}`, () => {
      const { repository, reference } = selector.name(text);
      assert.equal(wholeName(repository, reference), whole);
      assert.equal(repository.upstream.host, repository.host);
    });
  }

  test('whose host is no upstream can be looked for but not asked for', () => {
    const said = refusal(() => selector.name('quay.io/acme/app'));
    assert.equal(said, 'quay.io is no upstream of this mirror: add it under upstreams');
    const { repository, reference } = selector.held('quay.io/acme/app');
    assert.equal(wholeName(repository, reference), 'quay.io/acme/app:latest');
    assert.equal(selector.held('alpine').repository.name, 'library/alpine');
  });

  test('that is none is refused with what one looks like, and shown without control characters', () => {
    for (const work of [() => selector.name('Al\u001bpine'), () => selector.held('Al\u001bpine')]) {
      const said = refusal(work);
      assert.match(said, /^"Al\\u001bpine" is no name of an image: write it like alpine:3\.20/);
    }
    assert.match(
      refusal(() => selector.name(`${'a/'.repeat(126)}a`.padEnd(260, 'b'))),
      /no name/,
    );
  });

  test('asks for latest when it says neither tag nor digest', () => {
    assert.equal(referenceText(selector.name('ghcr.io/a/b').reference), 'latest');
  });
});

describe('a pattern', () => {
  const images = [
    'docker.io library/alpine',
    'docker.io acme/app',
    'docker.io acme/team/app',
    'ghcr.io acme/app',
    'quay.io acme/app',
  ];
  for (const [text, like] of [
    ['alpine', ['docker.io library/alpine']],
    ['*', ['docker.io library/alpine']],
    ['**', ['docker.io library/alpine', 'docker.io acme/app', 'docker.io acme/team/app']],
    ['acme/*', ['docker.io acme/app']],
    ['index.docker.io/acme/**', ['docker.io acme/app', 'docker.io acme/team/app']],
    ['ghcr.io/**', ['ghcr.io acme/app']],
    ['quay.io/acme/app', ['quay.io acme/app']],
    ['*.io/acme/app', ['docker.io acme/app', 'ghcr.io acme/app', 'quay.io acme/app']],
  ] as const) {
    test(`${text} means ${like.join(', ')}`, () => {
      const pattern = selector.pattern(text);
      const found = images.filter((image) => {
        const [host = '', path = ''] = image.split(' ');
        const name = parseRepositoryName(path);
        assert.ok(name);
        return matchesImage(pattern, { repository: { host, name }, tag: undefined, digest });
      });
      assert.deepEqual(found, like);
    });
  }

  test('that is none is refused', () => {
    assert.match(
      refusal(() => selector.pattern('{a,b}')),
      /^"\{a,b\}" is no pattern for images/,
    );
    assert.match(
      refusal(() => selector.pattern('a'.repeat(255))),
      /is no pattern for repositories/,
    );
  });
});
