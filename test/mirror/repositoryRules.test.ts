import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inOrder, RepositoryRules } from '../../src/mirror/repositoryRules.ts';
import { globsOf } from '../support/testMirror.ts';

const hub = 'docker.io';

function rulesFor(...lists: ReadonlyArray<readonly string[]>) {
  return new RepositoryRules(inOrder(lists.map((list) => ({ repositories: globsOf(list) }))));
}

function placeOf(rules: ReturnType<typeof rulesFor>, name: string): number | undefined {
  return rules.first({ host: hub, name, impliesLibrary: true })?.place;
}

describe('of rules for repositories', () => {
  test('the first one that is for a name counts, whatever its patterns begin with', () => {
    const plainFirst = rulesFor(['acme/app'], ['**'], ['acme/*']);
    assert.equal(placeOf(plainFirst, 'acme/app'), 0);
    assert.equal(placeOf(plainFirst, 'acme/other'), 1);
    const wildFirst = rulesFor(['*/app'], ['acme/app'], ['[a-b]cme/*', 'x/y']);
    assert.equal(placeOf(wildFirst, 'acme/app'), 0);
    assert.equal(placeOf(wildFirst, 'acme/other'), 2);
    assert.equal(placeOf(wildFirst, 'x/y'), 2);
  });

  test('none is for a name that no pattern is like', () => {
    const rules = rulesFor(['acme/*'], ['library/alpine']);
    for (const name of ['acme', 'acme/app/deep', 'library/alpine2', 'acmes/app']) {
      assert.equal(placeOf(rules, name), undefined, name);
    }
    assert.equal(placeOf(rulesFor(), 'acme/app'), undefined);
  });

  test('the first one counts, whether it has a short name of Docker Hub or the whole one', () => {
    const shortFirst = rulesFor(['alpine'], ['library/alpine'], ['library/*'], ['b*']);
    assert.equal(placeOf(shortFirst, 'library/alpine'), 0);
    assert.equal(placeOf(shortFirst, 'library/busybox'), 2);
    const wholeFirst = rulesFor(['library/a*'], ['alpine'], ['[b-c]*'], ['busybox'], ['**']);
    assert.equal(placeOf(wholeFirst, 'library/alpine'), 0);
    assert.equal(placeOf(wholeFirst, 'library/busybox'), 2);
    assert.equal(placeOf(wholeFirst, 'library/debian'), 4);
  });

  test('a short name means no more than the image of Docker Hub that it is the custom for', () => {
    const rules = rulesFor(['alpine', 'library']);
    for (const name of ['acme/alpine', 'library/alpine/deep', 'alpine/deep', 'library/busybox']) {
      assert.equal(placeOf(rules, name), undefined, name);
    }
    const elsewhere = { host: 'ghcr.io', name: 'library/alpine', impliesLibrary: false };
    assert.equal(rules.first(elsewhere), undefined);
    assert.equal(rules.first({ ...elsewhere, name: 'alpine' })?.place, 0);
  });

  test('one that names an upstream is for that one alone', () => {
    const repositories = globsOf(['acme/*']);
    const rules = new RepositoryRules(
      inOrder([{ repositories, upstream: 'ghcr.io' }, { repositories }]),
    );
    assert.equal(
      rules.first({ host: 'ghcr.io', name: 'acme/app', impliesLibrary: false })?.place,
      0,
    );
    assert.equal(rules.first({ host: hub, name: 'acme/app', impliesLibrary: true })?.place, 1);
  });
});
