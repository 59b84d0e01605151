import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import { CatalogTable } from '../../src/store/catalogTable.ts';
import { SqliteKeyvStore } from '../../src/store/sqliteKeyvStore.ts';
import { gate } from './gate.ts';

interface Letter {
  readonly text: string;
}

test('an absent entry is undefined', async () => {
  assert.equal(await tableOver(new Map()).get('a'), undefined);
});

test('an entry is read back, from the store too', async () => {
  const store = new Map();
  await tableOver(store).set('a', { text: 'one' });
  assert.deepEqual(await tableOver(store).get('a'), { text: 'one' });
});

test('a deleted entry is absent, in the store too', async () => {
  const store = new Map();
  const table = tableOver(store);
  await table.set('a', { text: 'one' });
  await table.delete('a');
  assert.equal(await table.get('a'), undefined);
  assert.equal(await tableOver(store).get('a'), undefined);
});

test('many entries are set at once, none included', async () => {
  const table = tableOver(new Map());
  await table.setMany([]);
  await table.setMany([
    ['a', { text: 'one' }],
    ['b', { text: 'two' }],
  ]);
  assert.deepEqual(await Array.fromAsync(table.entries()), [
    ['a', { text: 'one' }],
    ['b', { text: 'two' }],
  ]);
});

test('many entries are deleted at once, none and absent ones included', async () => {
  const store = new Map();
  const table = tableOver(store);
  for (const text of ['a', 'b', 'c']) await table.set(text, { text });
  await table.deleteMany([]);
  await table.deleteMany(['a', 'c', 'never set']);
  for (const same of [table, tableOver(store)]) {
    const found = await Promise.all(['a', 'b', 'c'].map((key) => same.get(key)));
    assert.deepEqual(found, [undefined, { text: 'b' }, undefined]);
  }
});

test('many entries are deleted in one transaction', async (t) => {
  const database = new DatabaseSync(':memory:');
  const table = tableOver(new SqliteKeyvStore(database));
  await table.setMany(['a', 'b', 'c'].map((text) => [text, { text }]));
  const exec = t.mock.method(database, 'exec');
  await table.deleteMany(['a', 'b']);
  assert.deepEqual(
    exec.mock.calls.map(({ arguments: [statement] }) => statement),
    ['BEGIN', 'COMMIT'],
  );
});

test('many entries that the store does not delete are not found any more, and deleted later', async () => {
  const store = new FailingMap();
  const table = tableOver(store, 2);
  const keys = ['a', 'b', 'c'];
  for (const text of keys) await table.set(text, { text });
  store.fault = new Error('read-only');
  await assert.rejects(table.deleteMany(keys), store.fault);
  store.fault = undefined;
  for (const key of keys) assert.equal(await table.get(key), undefined);
  await table.set('other', { text: 'one' });
  await table.settled();
  for (const key of keys) assert.equal(await tableOver(store).get(key), undefined);
});

test('what the store did not take is among all entries as it is by now, and no longer if removed', async () => {
  const database = new DatabaseSync(':memory:');
  const table = tableOver(new SqliteKeyvStore(database));
  await table.setMany(['a', 'b', 'c'].map((text) => [text, { text }]));
  database.exec('PRAGMA query_only = 1');
  await assert.rejects(table.deleteMany(['a']));
  await assert.rejects(table.update('b', () => ({ text: 'changed' })));
  await assert.rejects(table.update('d', () => ({ text: 'new' })));
  assert.deepEqual(await Array.fromAsync(table.entries()), [
    ['b', { text: 'changed' }],
    ['c', { text: 'c' }],
    ['d', { text: 'new' }],
  ]);
});

test('more entries than are remembered are found all the same', async () => {
  const table = tableOver(new Map(), 2);
  const keys = ['a', 'b', 'c', 'd'];
  for (const text of keys) await table.set(text, { text });
  for (const text of keys) assert.deepEqual(await table.get(text), { text });
});

test('an entry that was set or read lately is not asked of the store', async () => {
  const store = new Map();
  const table = tableOver(store);
  await table.set('a', { text: 'one' });
  await tableOver(store).set('b', { text: 'two' });
  await table.get('b');
  store.clear();
  assert.deepEqual(await table.get('a'), { text: 'one' });
  assert.deepEqual(await table.get('b'), { text: 'two' });
});

test('that there is no entry is remembered until one is set', async () => {
  const store = new Map();
  const table = tableOver(store);
  assert.equal(await table.get('a'), undefined);
  await tableOver(store).set('a', { text: 'behind its back' });
  assert.equal(await table.get('a'), undefined);
  await table.set('a', { text: 'one' });
  assert.deepEqual(await table.get('a'), { text: 'one' });
});

test('every call on a closed database throws and none says that an entry is absent', async () => {
  const database = new DatabaseSync(':memory:');
  const table = tableOver(new SqliteKeyvStore(database));
  await table.set('a', { text: 'one' });
  database.close();
  const closed = { message: /not open|finalized/ };
  await assert.rejects(table.get('b'), closed);
  await assert.rejects(table.set('b', { text: 'two' }), closed);
  await assert.rejects(table.setMany([['b', { text: 'two' }]]), closed);
  await assert.rejects(table.delete('a'), closed);
  await assert.rejects(Array.fromAsync(table.entries()), closed);
});

test('every call throws while the store fails, and works again when it does', async () => {
  const store = new FailingMap();
  const table = tableOver(store);
  await table.set('a', { text: 'one' });
  store.fault = new Error('the disk is on fire');
  await assert.rejects(table.get('b'), store.fault);
  await assert.rejects(table.set('a', { text: 'two' }), store.fault);
  await assert.rejects(table.setMany([['a', { text: 'two' }]]), store.fault);
  store.fault = undefined;
  assert.deepEqual(await table.get('a'), { text: 'one' });
});

test('a store that cannot iterate is an error and no empty list', async () => {
  const table = tableOver(withoutIterator(new Map()));
  await table.set('a', { text: 'one' });
  await assert.rejects(Array.fromAsync(table.entries()), /can iterate/);
});

test('an entry that was read while it was set anew is not remembered as it was', async () => {
  const store = new SlowStore();
  const table = tableOver(store);
  store.set('letters:a', stored('old'));
  const reading = table.get('a');
  await table.set('a', { text: 'new' });
  store.answer();
  await reading;
  assert.deepEqual(await table.get('a'), { text: 'new' });
});

test('an entry that was read while it was deleted is not remembered', async () => {
  const store = new SlowStore();
  const table = tableOver(store);
  store.set('letters:a', stored('old'));
  const reading = table.get('a');
  await table.delete('a');
  store.answer();
  await reading;
  assert.equal(await table.get('a'), undefined);
});

/** A store whose calls fail as long as it has a fault. */
class FailingMap extends Map<string, unknown> {
  fault: Error | undefined;

  override get(key: string): unknown {
    this.#check();
    return super.get(key);
  }

  override set(key: string, value: unknown): this {
    this.#check();
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    this.#check();
    return super.delete(key);
  }

  #check(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}

/** A store whose first read is answered when the test says so, with what was there when it was asked. */
class SlowStore extends Map<string, unknown> {
  readonly #gate = Promise.withResolvers<void>();
  #asked = false;

  override get(key: string): unknown {
    const value = super.get(key);
    if (this.#asked) return value;
    this.#asked = true;
    return this.#gate.promise.then(() => value);
  }

  answer(): void {
    this.#gate.resolve();
  }
}

function tableOver(
  store: KeyvStoreAdapter | Map<string, unknown>,
  remembered = 10,
): CatalogTable<Letter> {
  return new CatalogTable<Letter>(
    new Keyv({ store, namespace: 'letters', throwOnErrors: true, emitErrors: false }),
    remembered,
  );
}

function stored(text: string): string {
  return JSON.stringify({ value: { text } });
}

function withoutIterator(entries: Map<string, unknown>): KeyvStoreAdapter {
  const store = {
    opts: {},
    get: async <Value>(key: string) => entries.get(key) as Value | undefined,
    set: async (key: string, value: unknown) => entries.set(key, value),
    delete: async (key: string) => entries.delete(key),
    clear: async () => entries.clear(),
    on: () => store,
  };
  return store;
}

const append = (text: string) => (known: Letter | undefined) => ({
  text: (known?.text ?? '') + text,
});

test('two changes of an entry at the same time are both there afterwards', async () => {
  const table = tableOver(new Map());
  await Promise.all([table.update('a', append('one ')), table.update('a', append('two'))]);
  assert.deepEqual(await table.get('a'), { text: 'one two' });
});

test('what the store does not take is not forgotten for the sake of other entries', async () => {
  const store = new FailingMap();
  const table = tableOver(store, 2);
  await table.set('changed', { text: 'one ' });
  await table.set('removed', { text: 'one' });
  store.fault = new Error('read-only');
  await assert.rejects(table.update('changed', append('two')), store.fault);
  await assert.rejects(table.delete('removed'), store.fault);
  store.fault = undefined;
  for (const other of ['a', 'b', 'c']) await table.get(other);
  assert.deepEqual(await table.get('changed'), { text: 'one two' });
  assert.equal(await table.get('removed'), undefined);
});

test('what the store did not take is written down as soon as it takes something', async () => {
  const store = new FailingMap();
  const table = tableOver(store);
  await table.set('removed', { text: 'one' });
  await table.get('changed');
  store.fault = new Error('read-only');
  await assert.rejects(table.update('changed', append('one')), store.fault);
  await assert.rejects(table.delete('removed'), store.fault);
  store.fault = undefined;
  await table.set('other', { text: 'one' });
  await table.settled();
  assert.deepEqual(await tableOver(store).get('changed'), { text: 'one' });
  assert.equal(await tableOver(store).get('removed'), undefined);
});

test('what the store did not take is written down a page at a time, once, while others have their turn', async (t) => {
  const database = new DatabaseSync(':memory:');
  const store = new SqliteKeyvStore(database);
  const table = tableOver(store);
  const keys = Array.from({ length: 1000 }, (_, index) => `${index}`);
  await table.setMany(keys.map((text) => [text, { text }]));
  database.exec('PRAGMA query_only = 1');
  await assert.rejects(table.deleteMany(keys.slice(0, 500)));
  for (const key of keys.slice(500)) await assert.rejects(table.update(key, append('!')));
  database.exec('PRAGMA query_only = 0');
  let turn = 0;
  const pages: number[] = [];
  const write = database.exec.bind(database);
  t.mock.method(database, 'exec', (statement: string) => {
    if (statement === 'BEGIN') pages.push(turn);
    write(statement);
    setImmediate(() => (turn += 1));
  });
  await Promise.all(['a', 'b', 'c'].map((text) => table.set(text, { text })));
  assert.deepEqual(pages, []);
  await table.settled();
  assert.equal(pages.length, 4);
  assert.equal(new Set(pages).size, 4);
  const found = await Array.fromAsync(tableOver(new SqliteKeyvStore(database)).entries());
  assert.equal(found.length, 503);
  assert.ok(found.every(([key, { text }]) => text === (key < 'a' ? `${key}!` : key)));
});

test('what the store does not take the second time either waits on', async () => {
  const store = new FailingMap();
  const table = tableOver(store);
  await table.set('removed', { text: 'one' });
  await table.get('changed');
  store.fault = new Error('full');
  await assert.rejects(table.update('changed', append('one')), store.fault);
  await assert.rejects(table.delete('removed'), store.fault);
  store.fault = undefined;
  await table.set('other', { text: 'one' });
  store.fault = new Error('full again');
  await table.settled();
  store.fault = undefined;
  assert.equal(await tableOver(store).get('changed'), undefined);
  assert.deepEqual(await table.get('changed'), { text: 'one' });
  assert.equal(await table.get('removed'), undefined);
  await table.set('other', { text: 'two' });
  await table.settled();
  assert.deepEqual(await tableOver(store).get('changed'), { text: 'one' });
  assert.equal(await tableOver(store).get('removed'), undefined);
});

test('what is set anew while it is written down as it was before is there afterwards', async (t) => {
  const store = new FailingMap();
  const table = tableOver(store);
  await table.get('a');
  store.fault = new Error('read-only');
  await assert.rejects(table.update('a', append('old')), store.fault);
  store.fault = undefined;
  const { begun, hold, goOn } = gate();
  const set = store.set.bind(store);
  t.mock.method(store, 'set', async (key: string, value: unknown) => {
    if (String(value).includes('old')) await hold();
    return set(key, value);
  });
  await table.set('other', { text: 'one' });
  await begun;
  const anew = table.set('a', { text: 'anew' });
  goOn();
  await Promise.all([anew, table.settled()]);
  assert.deepEqual(await table.get('a'), { text: 'anew' });
  assert.deepEqual(await tableOver(store).get('a'), { text: 'anew' });
});

test('what is written down while all entries are read is among them, once', async () => {
  const database = new DatabaseSync(':memory:');
  const table = tableOver(new SqliteKeyvStore(database, 1));
  await table.setMany(['b', 'c', 'd'].map((text) => [text, { text }]));
  database.exec('PRAGMA query_only = 1');
  for (const key of ['a', 'e']) await assert.rejects(table.update(key, append(key)));
  database.exec('PRAGMA query_only = 0');
  const keys: string[] = [];
  for await (const [key] of table.entries()) {
    keys.push(key);
    if (key !== 'b') continue;
    await table.set('c', { text: 'c' });
    await table.settled();
  }
  assert.deepEqual(keys, ['b', 'c', 'd', 'e', 'a']);
});

test('what was set anew since then is not undone by what the store did not take', async () => {
  const store = new FailingMap();
  const table = tableOver(store);
  store.fault = new Error('read-only');
  await assert.rejects(table.delete('a'), store.fault);
  store.fault = undefined;
  await table.set('a', { text: 'anew' });
  await table.set('other', { text: 'one' });
  await table.settled();
  assert.deepEqual(await table.get('a'), { text: 'anew' });
  assert.deepEqual(await tableOver(store).get('a'), { text: 'anew' });
});

test('a change that the store does not take counts for as long as it is remembered', async () => {
  const store = new FailingMap();
  const table = tableOver(store);
  await table.set('a', { text: 'one ' });
  store.fault = new Error('full');
  await assert.rejects(table.update('a', append('two')), { message: 'full' });
  assert.deepEqual(await table.get('a'), { text: 'one two' });
});
