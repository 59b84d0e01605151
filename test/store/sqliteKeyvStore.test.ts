import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { Keyv } from 'keyv';
import { SqliteKeyvStore } from '../../src/store/sqliteKeyvStore.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { keyvStoreConformance } from './keyvStoreConformance.ts';
import { smallDisk, smallDiskBytes, whySkipped } from './smallDisk.ts';

describe("Keyv's own Map", () => {
  keyvStoreConformance(async () => () => new Map());
});

describe('the SQLite store', () => {
  keyvStoreConformance(async (t) => {
    const database = openDatabase(t, ':memory:');
    return () => new SqliteKeyvStore(database);
  });

  test('entries are there when the database is opened again', async (t) => {
    const file = join(await temporaryDirectory(t), 'catalog.sqlite');
    const first = new DatabaseSync(file);
    await new Keyv({ store: new SqliteKeyvStore(first), namespace: 'letters' }).set('a', {
      one: 1,
    });
    first.close();
    const second = new Keyv({
      store: new SqliteKeyvStore(openDatabase(t, file)),
      namespace: 'letters',
    });
    assert.deepEqual(await second.get('a'), { one: 1 });
  });

  test('pages of one entry lead through all namespaces but not out of them', async (t) => {
    const database = openDatabase(t, ':memory:');
    const keys = ['', '\0', 'a', 'a\0', 'b'];
    for (const namespace of ['a', 'b', 'c']) {
      const keyv = new Keyv({ store: new SqliteKeyvStore(database), namespace });
      for (const key of keys) await keyv.set(key, namespace);
    }
    const store = Object.assign(new SqliteKeyvStore(database, 1), { namespace: 'b' });
    const found = await Array.fromAsync(store.iterator());
    assert.deepEqual(
      found.map(([key]) => key),
      keys.map((key) => `b:${key}`),
    );
  });

  test('other work gets its turn between pages, when an iteration has gone on for long', async (t) => {
    const database = openDatabase(t, ':memory:');
    const entries = Array.from({ length: 20 }, (_, index) => ({ key: `${index}`, value: '' }));
    await new SqliteKeyvStore(database).setMany(entries);
    const turnsWithin = async (longestTurn: number) => {
      const store = new SqliteKeyvStore(database, 10, undefined, longestTurn);
      let turns = 0;
      setImmediate(() => (turns += 1));
      await Array.fromAsync(store.pages());
      return turns;
    };
    assert.deepEqual([await turnsWithin(0), await turnsWithin(60_000)], [1, 0]);
  });

  test('pages hold the keys without the namespace, whatever characters they have', async (t) => {
    const database = openDatabase(t, ':memory:');
    const store = Object.assign(new SqliteKeyvStore(database, 2), { namespace: 'ä' });
    const keys = ['', 'a', 'a\0b', 'ä:b', '\u{1f600}'];
    await store.setMany(keys.map((key) => ({ key: `ä:${key}`, value: `of ${key}` })));
    const pages = await Array.fromAsync(store.pages());
    assert.deepEqual(
      pages.flat(),
      keys.map((key) => [key, `of ${key}`]),
    );
    assert.deepEqual(
      pages.map(({ length }) => length),
      [2, 2, 1],
    );
  });

  test('of many entries that fail half-way none is set, and the next ones can be', async (t) => {
    const store = new SqliteKeyvStore(openDatabase(t, ':memory:'));
    const broken = { key: 'b', value: undefined as unknown as string };
    await assert.rejects(store.setMany([{ key: 'a', value: '1' }, broken]));
    assert.deepEqual(await store.getMany(['a', 'b']), [undefined, undefined]);
    await store.setMany([{ key: 'a', value: '2' }]);
    assert.equal(await store.get('a'), '2');
  });

  test('every call on a closed database throws', async () => {
    const database = new DatabaseSync(':memory:');
    const store = new SqliteKeyvStore(database);
    database.close();
    const closed = { message: /not open|finalized/ };
    await assert.rejects(store.get('a'), closed);
    await assert.rejects(store.getMany(['a']), closed);
    await assert.rejects(store.set('a', '1'), closed);
    await assert.rejects(store.setMany([{ key: 'a', value: '1' }]), closed);
    await assert.rejects(store.delete('a'), closed);
    await assert.rejects(store.deleteMany(['a']), closed);
    await assert.rejects(store.clear(), closed);
    await assert.rejects(Array.fromAsync(store.iterator()), closed);
  });
});

describe('the SQLite store on a full disk', { skip: whySkipped }, () => {
  test('a write fails as one to a file would, and what was written before stays readable', async (t) => {
    const store = new SqliteKeyvStore(openDatabase(t, join(await smallDisk(t), 'catalog.sqlite')));
    const tooLong = 'x'.repeat(smallDiskBytes);
    await store.set('a', '1');
    await assert.rejects(store.set('b', tooLong), { code: 'ENOSPC' });
    await assert.rejects(store.setMany([{ key: 'c', value: tooLong }]), { code: 'ENOSPC' });
    assert.deepEqual(await store.getMany(['a', 'b', 'c']), ['1', undefined, undefined]);
    await store.set('d', '4');
    assert.equal(await store.get('d'), '4');
  });
});

function openDatabase(t: Lifetime, file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  t.after(() => database.close());
  return database;
}
