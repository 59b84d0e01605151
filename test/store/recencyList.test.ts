import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecencyList, type RecencyNode } from '../../src/store/recencyList.ts';

interface Named extends RecencyNode<Named> {
  readonly name: string;
}

function node(name: string, usedAt: number): Named {
  return { name, usedAt, older: undefined, newer: undefined };
}

function names(list: RecencyList<Named>): string {
  return [...list.oldestFirst()].map(({ name }) => name).join('');
}

test('what is added last is the newest, whatever its time', () => {
  const list = new RecencyList<Named>();
  for (const name of ['a', 'b', 'c']) list.add(node(name, 0));
  assert.equal(names(list), 'abc');
});

test('any node can be removed and added again', () => {
  const list = new RecencyList<Named>();
  const nodes = ['a', 'b', 'c'].map((name) => node(name, 0));
  for (const each of nodes) list.add(each);
  for (const each of nodes) {
    list.remove(each);
    list.add(each);
  }
  assert.equal(names(list), 'abc');
  for (const each of nodes) list.remove(each);
  assert.equal(names(list), '');
});

test('nodes are inserted where their last use belongs, after those of the same time', () => {
  const list = new RecencyList<Named>();
  for (const [name, usedAt] of [
    ['b', 2],
    ['d', 4],
    ['f', 6],
  ] as const)
    list.add(node(name, usedAt));
  list.insert([node('g', 7), node('a', 1), node('e', 4), node('c', 3)]);
  assert.equal(names(list), 'abcdefg');
  list.insert([]);
  assert.equal(names(list), 'abcdefg');
});

test('the node just handed out may be removed', () => {
  const list = new RecencyList<Named>();
  for (const name of ['a', 'b', 'c']) list.add(node(name, 0));
  for (const each of list.oldestFirst()) list.remove(each);
  assert.equal(names(list), '');
});
