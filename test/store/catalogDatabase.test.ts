import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCatalogDatabase, StoreLockedError } from '../../src/store/catalogDatabase.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { startProcess } from './secondProcess.ts';

const source = (name: string) => JSON.stringify(import.meta.resolve(`../../src/store/${name}`));

/** Opens the database, sets an entry and stays. */
const holdDatabase = `
  import { openCatalogDatabase } from ${source('catalogDatabase.ts')};
  import { SqliteKeyvStore } from ${source('sqliteKeyvStore.ts')};
  const database = openCatalogDatabase(process.argv[1]);
  await new SqliteKeyvStore(database).set('key', 'set by the first process');
  console.log('ready');
  setInterval(() => database, 60_000);
`;

test('a second process on the same file is refused', async (t) => {
  const file = join(await temporaryDirectory(t), 'catalog.sqlite');
  await startProcess(t, holdDatabase, [file]);
  assert.throws(() => openCatalogDatabase(file), StoreLockedError);
  assert.throws(() => openCatalogDatabase(file), {
    message: /another pullthrough, .* is using .*sqlite/,
  });
});

test('one that was opened again and not written to is refused to others all the same', async (t) => {
  const file = join(await temporaryDirectory(t), 'catalog.sqlite');
  openCatalogDatabase(file).close();
  const open = `
    import { openCatalogDatabase } from ${source('catalogDatabase.ts')};
    const database = openCatalogDatabase(process.argv[1]);
    console.log('ready');
    setInterval(() => database, 60_000);
  `;
  await startProcess(t, open, [file]);
  assert.throws(() => openCatalogDatabase(file), StoreLockedError);
});

test('a process that is refused is told so by the class of the error', async (t) => {
  const file = join(await temporaryDirectory(t), 'catalog.sqlite');
  const database = openCatalogDatabase(file);
  t.after(() => database.close());
  const tryToOpen = `
    import { openCatalogDatabase, StoreLockedError } from ${source('catalogDatabase.ts')};
    try {
      openCatalogDatabase(process.argv[1]);
      console.log('opened');
    } catch (error) {
      console.log(error instanceof StoreLockedError ? 'locked' : error);
    }
  `;
  const { firstLine } = await startProcess(t, tryToOpen, [file]);
  assert.equal(firstLine, 'locked');
});

test('after a process was killed the file opens again with what it had set', async (t) => {
  const file = join(await temporaryDirectory(t), 'catalog.sqlite');
  const first = await startProcess(t, holdDatabase, [file]);
  await first.kill();
  const database = openCatalogDatabase(file);
  t.after(() => database.close());
  const row = database.prepare('SELECT value FROM entries WHERE key = ?').get('key');
  assert.equal(row?.['value'], 'set by the first process');
});

test('a database that was closed opens again', async (t) => {
  const file = join(await temporaryDirectory(t), 'catalog.sqlite');
  openCatalogDatabase(file).close();
  openCatalogDatabase(file).close();
});

test('writes wait for no more than a megabyte of earlier ones to be put into the database', async (t) => {
  const file = join(await temporaryDirectory(t), 'catalog.sqlite');
  const database = openCatalogDatabase(file);
  t.after(() => database.close());
  database.exec('CREATE TABLE pages (content BLOB)');
  const insert = database.prepare('INSERT INTO pages VALUES (zeroblob(4000))');
  for (let page = 0; page < 1000; page += 1) insert.run();
  const { size } = await stat(`${file}-wal`);
  assert.ok(size < 1024 * 1024, `the write-ahead log has ${size} bytes`);
});

test('a file that is no database is an error, but not a locked one', async (t) => {
  const file = join(await temporaryDirectory(t), 'catalog.sqlite');
  await writeFile(file, 'this is no database '.repeat(100));
  assert.throws(
    () => openCatalogDatabase(file),
    (error) => error instanceof Error && !(error instanceof StoreLockedError),
  );
});
