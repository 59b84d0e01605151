import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { StoreFormatError } from '../../src/store/storeFormat.ts';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { openTestStore } from './testStore.ts';

test('a store of a newer format is refused and left as it is', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'v2'));
  await assert.rejects(openTestStore(t, { directory }), StoreFormatError);
  await assert.rejects(openTestStore(t, { directory }), {
    message: /is of format 2, and this version of pullthrough knows 1: run the newer version/,
  });
  assert.deepEqual(await readdir(directory), ['v2']);
});

test('a store of a newer format beside one of this is refused too', async (t) => {
  const before = await openTestStore(t);
  const { layout } = before;
  await before.close();
  await mkdir(join(layout.directory, 'v10'));
  const { directory } = layout;
  await assert.rejects(openTestStore(t, { directory }), { message: /is of format 10/ });
});

test('what has another name is no newer format', async (t) => {
  const directory = await temporaryDirectory(t);
  for (const name of ['v1', 'v0', 'version', 'v2.bak', 'lost+found']) {
    await mkdir(join(directory, name));
  }
  await openTestStore(t, { directory });
});

test('a catalog of a newer format is refused and left as it is', async (t) => {
  const before = await openTestStore(t);
  const { layout } = before;
  await before.close();
  const newer = new DatabaseSync(layout.catalog);
  newer.exec('PRAGMA user_version = 2; ALTER TABLE entries RENAME TO things');
  newer.close();
  const { directory } = layout;
  await assert.rejects(openTestStore(t, { directory }), StoreFormatError);
  const database = new DatabaseSync(layout.catalog);
  t.after(() => database.close());
  const tables = database.prepare('SELECT name FROM sqlite_schema').all();
  assert.deepEqual(
    tables.map(({ name }) => name),
    ['things'],
  );
});

test('a catalog is marked with its format, one without a mark included', async (t) => {
  const before = await openTestStore(t);
  const { layout } = before;
  await before.store.catalog.repositories.set('key', { generation: 3 });
  await before.close();
  mark(layout, 0);
  const again = await openTestStore(t, { directory: layout.directory });
  assert.deepEqual(await again.store.catalog.repositories.get('key'), { generation: 3 });
  await again.close();
  assert.equal(mark(layout), 1);
});

test('a catalog that can not be opened for another reason is not set aside', async (t) => {
  const directory = await temporaryDirectory(t);
  const { root, catalog } = new StoreLayout(directory);
  await mkdir(catalog, { recursive: true });
  await writeFile(join(catalog, 'something'), '');
  await assert.rejects(openTestStore(t, { directory }), { code: 'ERR_SQLITE_ERROR' });
  assert.deepEqual((await readdir(root)).toSorted(), ['blobs', 'catalog.sqlite']);
});

/** The format that a catalog is marked with, after it was marked with the given one. */
function mark({ catalog }: StoreLayout, format?: number): unknown {
  const database = new DatabaseSync(catalog);
  try {
    if (format !== undefined) database.exec(`PRAGMA user_version = ${format}`);
    return database.prepare('PRAGMA user_version').get()?.['user_version'];
  } finally {
    database.close();
  }
}
