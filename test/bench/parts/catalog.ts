import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Keyv } from 'keyv';
import { digestOf, type Digest } from '../../../src/registry/digest.ts';
import { BlobIndex } from '../../../src/store/blobIndex.ts';
import type { ContentEntry } from '../../../src/store/catalog.ts';
import { openCatalogDatabase } from '../../../src/store/catalogDatabase.ts';
import { CatalogTable } from '../../../src/store/catalogTable.ts';
import { SqliteKeyvStore } from '../../../src/store/sqliteKeyvStore.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';
import { often, oftenAwaited, type Part, type PartWork } from './part.ts';

const sizes = [100, 100_000];
const storedAt = Date.UTC(2026, 0, 1);
const entry: ContentEntry = { size: 1234, storedAt, usedAt: storedAt, modifiedAt: storedAt };

/** What it costs to know what is held: in memory, remembered, and from the database. */
export const catalog: Part = {
  name: 'catalog',
  works: async (lifetime) => {
    const works: PartWork[] = [];
    for (const rows of sizes) works.push(...memory(rows), ...(await stored(rows, lifetime)));
    return works;
  },
};

function digests(kind: string, count: number): Digest[] {
  return Array.from({ length: count }, (_, index) => digestOf(Buffer.from(`${kind} ${index}`)));
}

/** Some that lie far apart. */
function sampleOf<Item>(items: readonly Item[]): Item[] {
  const step = items.length / 10;
  return Array.from({ length: 10 }, (_, index) => items[Math.floor(index * step)] as Item);
}

function memory(rows: number): PartWork[] {
  const index = new BlobIndex();
  const held = digests('held', rows);
  for (const digest of held) index.set(digest, entry);
  const title = `memory index of ${rows.toLocaleString('en')}`;
  let now = storedAt;
  return [
    often(`${title}: hit, counted as a use`, sampleOf(held), (digest) =>
      index.use(digest, (now += 1)),
    ),
    often(`${title}: miss`, digests('other', 10), (digest) => index.use(digest, now)),
  ];
}

async function stored(rows: number, lifetime: Lifetime): Promise<PartWork[]> {
  const database = openCatalogDatabase(join(await temporaryDirectory(lifetime), 'catalog.sqlite'));
  lifetime.after(() => database.close());
  const held = digests('held', rows);
  await fill(database, held);
  const title = `catalog of ${rows.toLocaleString('en')}`;
  const [some, others] = [sampleOf(held), digests('other', 10)];
  const remembering = tableOn(database, 1000);
  const forgetting = tableOn(database, 1);
  const store = storeOn(database);
  const read = (digest: Digest) => store.get(`content:${digest}`);
  return [
    oftenAwaited(`${title}: hit, remembered`, some, (digest) => remembering.get(digest)),
    oftenAwaited(`${title}: miss, remembered`, others, (digest) => remembering.get(digest)),
    oftenAwaited(`${title}: hit`, some, (digest) => forgetting.get(digest)),
    oftenAwaited(`${title}: miss`, others, (digest) => forgetting.get(digest)),
    oftenAwaited(`${title}: hit, SQLite adapter alone`, some, read),
    oftenAwaited(`${title}: miss, SQLite adapter alone`, others, read),
    { name: `${title}: first page of the list`, run: () => firstPage(forgetting) },
  ];
}

/** An adapter as Keyv leaves it, with the namespace in it. */
function storeOn(database: DatabaseSync): SqliteKeyvStore {
  return Object.assign(new SqliteKeyvStore(database), { namespace: 'content' });
}

function tableOn(database: DatabaseSync, remembered: number): CatalogTable<ContentEntry> {
  const store = new SqliteKeyvStore(database);
  return new CatalogTable(
    new Keyv({ store, namespace: 'content', throwOnErrors: true, emitErrors: false }),
    remembered,
  );
}

async function fill(database: DatabaseSync, held: readonly Digest[]): Promise<void> {
  const table = tableOn(database, 1);
  for (let from = 0; from < held.length; from += 1000) {
    await table.setMany(held.slice(from, from + 1000).map((digest) => [digest, entry] as const));
  }
}

async function firstPage(table: CatalogTable<ContentEntry>): Promise<unknown> {
  for await (const page of table.pages()) return page;
  return undefined;
}
