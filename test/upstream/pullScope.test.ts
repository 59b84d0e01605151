import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonScopes, pullScopes } from '../../src/upstream/pullScope.ts';
import { repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const own = 'repository:library/alpine:pull';

test('a token is asked for one repository, to pull', () => {
  assert.deepEqual(pullScopes(alpine, undefined), [own]);
  assert.deepEqual(pullScopes(alpine, own), [own]);
});

test('a challenge that wants more than pull gets no more', () => {
  assert.deepEqual(pullScopes(alpine, 'repository:library/alpine:pull,push,delete'), [own]);
  assert.deepEqual(pullScopes(alpine, 'repository:library/alpine:*'), [own]);
  assert.deepEqual(pullScopes(alpine, 'repository:library/alpine:push'), [own]);
  assert.deepEqual(pullScopes(alpine, 'registry:catalog:*'), [own]);
});

test('a scope of a kind of its own is passed on, as public.ecr.aws needs it', () => {
  assert.deepEqual(pullScopes(alpine, 'aws'), [own, 'aws']);
});

test('a repository that goes by another name in the challenge is asked for as well', () => {
  const scope = 'repository:host:5000/mapped/alpine:pull,push  repository(plugin):x:pull';
  assert.deepEqual(pullScopes(alpine, scope), [
    own,
    'repository:host:5000/mapped/alpine:pull',
    'repository(plugin):x:pull',
  ]);
});

test('only what belongs to no repository is common to all', () => {
  assert.equal(commonScopes(`${own} aws`), 'aws');
  assert.equal(commonScopes(own), undefined);
  assert.equal(commonScopes(undefined), undefined);
});
