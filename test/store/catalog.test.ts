import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseReference, type Tag } from '../../src/registry/reference.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import { digestOf } from '../../src/registry/digest.ts';
import {
  Catalog,
  membershipKey,
  repositoryKey,
  tagKey,
  type Repository,
} from '../../src/store/catalog.ts';
import { openCatalogDatabase } from '../../src/store/catalogDatabase.ts';
import { SqliteKeyvStore } from '../../src/store/sqliteKeyvStore.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const digest = digestOf(Buffer.from('a manifest'));
const tagEntry = { digest, mediaType: 'application/json', checkedAt: 1 };

test('the kinds of entries are kept apart, also under the same key', async (t) => {
  const database = openCatalogDatabase(join(await temporaryDirectory(t), 'catalog.sqlite'));
  t.after(() => database.close());
  const catalog = new Catalog(() => new SqliteKeyvStore(database), 1);
  await catalog.tags.set('key', tagEntry);
  await catalog.contents.set('key', { size: 1, storedAt: 2 });
  await catalog.memberships.set('key', { generation: 3 });
  assert.deepEqual(await catalog.tags.get('key'), tagEntry);
  assert.deepEqual(await catalog.contents.get('key'), { size: 1, storedAt: 2 });
  assert.deepEqual(await catalog.memberships.get('key'), { generation: 3 });
  assert.equal(await catalog.repositories.get('key'), undefined);
  assert.equal((await Array.fromAsync(catalog.tags.entries())).length, 1);
});

test('all kinds of entries are there after a restart', async (t) => {
  const file = join(await temporaryDirectory(t), 'catalog.sqlite');
  const first = openCatalogDatabase(file);
  const before = new Catalog(() => new SqliteKeyvStore(first));
  await before.tags.set('tag', tagEntry);
  await before.contents.set(digest, { size: 1, mediaType: 'text/plain', storedAt: 2 });
  await before.memberships.setMany([['member', { generation: 3 }]]);
  await before.repositories.set('repository', { generation: 4 });
  first.close();
  const second = openCatalogDatabase(file);
  t.after(() => second.close());
  const after = new Catalog(() => new SqliteKeyvStore(second));
  assert.deepEqual(await after.tags.get('tag'), tagEntry);
  assert.deepEqual(await after.contents.get(digest), {
    size: 1,
    mediaType: 'text/plain',
    storedAt: 2,
  });
  assert.deepEqual(await after.memberships.get('member'), { generation: 3 });
  assert.deepEqual(await after.repositories.get('repository'), { generation: 4 });
});

test('an upstream may be called like a kind of entry', async () => {
  const catalog = new Catalog(() => new Map());
  const key = tagKey(repository('tag:5000', 'team/app'), tag('latest'));
  await catalog.tags.set(key, tagEntry);
  assert.deepEqual(await Array.fromAsync(catalog.tags.entries()), [[key, tagEntry]]);
});

test('different things never have the same key', () => {
  const repositories = [
    repository('docker.io', 'library/app'),
    repository('docker.io', 'library/app/docker.io'),
    repository('docker.io:443', 'library/app'),
    repository('ghcr.io', 'library/app'),
  ];
  const keys = repositories.flatMap((each) => [
    repositoryKey(each),
    tagKey(each, tag('latest')),
    tagKey(each, tag('v1')),
    membershipKey(each, digest),
    membershipKey(each, digestOf(Buffer.from('another'))),
  ]);
  assert.equal(new Set(keys).size, keys.length);
});

function repository(host: string, text: string): Repository {
  const name = parseRepositoryName(text);
  assert.ok(name);
  return { host, name };
}

function tag(text: string): Tag {
  const reference = parseReference(text);
  assert.equal(reference?.kind, 'tag');
  return reference.tag;
}
