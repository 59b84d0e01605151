import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import type { Lifetime } from '../support/lifetime.ts';

/** A place for the entries of several namespaces; each call gives a store for one of them. */
export type NewStore = () => KeyvStoreAdapter | Map<string, unknown>;

/**
 * What the catalog expects of every store that Keyv is given, whatever it rests on. `open` is called
 * once a test, for a place that is empty.
 */
export function keyvStoreConformance(open: (t: Lifetime) => Promise<NewStore>): void {
  const table = async (t: Lifetime) => namespace(await open(t), 'letters');
  readingAndWriting(table);
  manyAtOnce(table);
  iterating(table);
  separateNamespaces(open);
}

type OpenTable = (t: Lifetime) => Promise<Keyv>;

const oddKeys = [
  '',
  ' ',
  ':',
  'a:b::c',
  ';',
  '%_*?[',
  "'; DROP TABLE entries; --",
  '\0',
  'a\0b',
  'ünï',
  '😀',
  '\u{10ffff}',
  '../../etc',
  'letters',
  '__proto__',
  'long'.repeat(4096),
];

function readingAndWriting(table: OpenTable): void {
  test('an entry is read back as it was set', async (t) => {
    const letters = await table(t);
    const value = { text: ':ünï\0😀', number: 0.1, list: [null, { deep: true }] };
    assert.equal(await letters.set('a', value), true);
    assert.deepEqual(await letters.get('a'), value);
    assert.equal(await letters.has('a'), true);
  });

  test('an entry that was never set is absent', async (t) => {
    const letters = await table(t);
    assert.equal(await letters.get('a'), undefined);
    assert.equal(await letters.has('a'), false);
    assert.equal(await letters.delete('a'), false);
  });

  test('an entry that is set again has the new value alone', async (t) => {
    const letters = await table(t);
    await letters.set('a', 1);
    await letters.set('a', 2);
    assert.deepEqual(await allEntries(letters), [['a', 2]]);
  });

  test('a deleted entry is absent', async (t) => {
    const letters = await table(t);
    await letters.set('a', 1);
    assert.equal(await letters.delete('a'), true);
    assert.equal(await letters.get('a'), undefined);
    assert.deepEqual(await allEntries(letters), []);
  });

  test('an entry whose time is over is absent, however it is asked for', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 });
    const letters = await table(t);
    await letters.set('a', 1, 50);
    t.mock.timers.setTime(1051);
    assert.equal(await letters.has('a'), false);
    assert.deepEqual(await allEntries(letters), []);
    assert.equal(await letters.get('a'), undefined);
  });

  test('a key may have any characters', async (t) => {
    const letters = await table(t);
    for (const key of oddKeys) await letters.set(key, { key });
    for (const key of oddKeys) assert.deepEqual(await letters.get(key), { key });
    const found = await allEntries(letters);
    assert.deepEqual(
      found.map(([key]) => key),
      oddKeys.toSorted(byCodePoint),
    );
    for (const key of oddKeys) assert.equal(await letters.delete(key), true, JSON.stringify(key));
    assert.deepEqual(await allEntries(letters), []);
  });
}

function manyAtOnce(table: OpenTable): void {
  test('many entries are set and read in the order asked, absent ones in their places', async (t) => {
    const letters = await table(t);
    await letters.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    assert.deepEqual(await letters.getMany(['b', 'x', 'a']), [2, undefined, 1]);
  });

  test('many entries are deleted and the others stay', async (t) => {
    const letters = await table(t);
    for (const key of ['a', 'b', 'c']) await letters.set(key, key);
    assert.equal(await letters.deleteMany(['a', 'c']), true);
    assert.equal(await letters.deleteMany(['a', 'c']), false);
    assert.deepEqual(await allEntries(letters), [['b', 'b']]);
  });

  test('clearing leaves nothing', async (t) => {
    const letters = await table(t);
    for (const key of ['', 'a', '\u{10ffff}']) await letters.set(key, key);
    await letters.clear();
    assert.deepEqual(await allEntries(letters), []);
  });
}

function iterating(table: OpenTable): void {
  test('an iteration gives every entry once, also when there are thousands', async (t) => {
    const letters = await table(t);
    const entries = numbered(2500);
    await letters.setMany(entries.map(([key, value]) => ({ key, value })));
    assert.deepEqual(await allEntries(letters), entries);
  });

  test('entries may be deleted while they are iterated over, and no other is missed', async (t) => {
    const letters = await table(t);
    const entries = numbered(2500);
    await letters.setMany(entries.map(([key, value]) => ({ key, value })));
    const seen: string[] = [];
    await letters.delete('2400');
    for await (const [key] of entriesOf(letters)) {
      seen.push(key);
      await letters.delete(key);
      if (seen.length === 1) await letters.delete('2300');
    }
    const expected = entries.map(([key]) => key).filter((key) => key !== '2300' && key !== '2400');
    assert.deepEqual(seen.toSorted(byCodePoint), expected);
    assert.deepEqual(await allEntries(letters), []);
  });
}

function separateNamespaces(open: (t: Lifetime) => Promise<NewStore>): void {
  test('namespaces do not see each other, also where the name of one begins that of another', async (t) => {
    const newStore = await open(t);
    const names = ['a', 'ab', 'b'];
    const tables = names.map((name) => namespace(newStore, name));
    for (const [index, table] of tables.entries()) await table.set('key', names[index]);
    for (const [index, table] of tables.entries()) {
      assert.equal(await table.get('key'), names[index]);
      assert.deepEqual(await allEntries(table), [['key', names[index]]]);
    }
    await tables[0]?.clear();
    await tables[2]?.delete('key');
    const left = await Promise.all(tables.map((table) => table.get('key')));
    assert.deepEqual(left, [undefined, 'ab', undefined]);
  });
}

function namespace(newStore: NewStore, name: string): Keyv {
  return new Keyv({
    store: newStore(),
    namespace: name,
    throwOnErrors: true,
    emitErrors: false,
  });
}

function entriesOf(keyv: Keyv): AsyncGenerator<[string, unknown]> {
  assert.ok(keyv.iterator);
  return keyv.iterator(undefined) as AsyncGenerator<[string, unknown]>;
}

async function allEntries(keyv: Keyv): Promise<Array<[string, unknown]>> {
  const entries = await Array.fromAsync(entriesOf(keyv));
  return entries.toSorted(([a], [b]) => byCodePoint(a, b));
}

function numbered(count: number): Array<[string, number]> {
  return Array.from({ length: count }, (_, index) => [String(index).padStart(4, '0'), index]);
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
