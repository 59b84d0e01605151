import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileRenewal } from '../../src/cli/fileRenewal.ts';

interface Text {
  readonly text: string;
}

const isSame = (one: Text, other: Text): boolean => one.text === other.text;
const [first, second] = [{ text: 'first' }, { text: 'second' }];

/** A renewal of what `files` hold, and what it did. */
function renewalOf(files: { now: Text | Error }) {
  const used: Text[] = [];
  const failures: unknown[] = [];
  const renewal = new FileRenewal<Text>({
    first,
    read: async () => {
      if (files.now instanceof Error) throw files.now;
      return files.now;
    },
    isSame,
    use: (content) => used.push(content),
    failed: (error) => failures.push(error),
  });
  return { renewal, used, failures };
}

test('what has changed is taken into use once', async () => {
  const files = { now: { ...first } };
  const { renewal, used, failures } = renewalOf(files);
  await renewal.look();
  assert.deepEqual(used, []);
  files.now = second;
  await renewal.look();
  await renewal.look();
  assert.deepEqual(used, [second]);
  assert.deepEqual(failures, []);
});

test('files that can’t be used are told of once, and leave in use what was', async () => {
  const files: { now: Text | Error } = { now: new Error('half written') };
  const { renewal, used, failures } = renewalOf(files);
  await renewal.look();
  await renewal.look();
  assert.deepEqual(failures, [files.now]);
  files.now = second;
  await renewal.look();
  files.now = new Error('half written');
  await renewal.look();
  assert.equal(failures.length, 2);
  assert.deepEqual(used, [second]);
});

test('what is refused where it is to be used is offered again, and told of once', async () => {
  const failures: unknown[] = [];
  let offers = 0;
  const renewal = new FileRenewal<Text>({
    first,
    read: async () => second,
    isSame,
    use: () => {
      offers += 1;
      throw new Error('refused');
    },
    failed: (error) => failures.push(error),
  });
  await renewal.look();
  await renewal.look();
  assert.equal(offers, 2);
  assert.equal(failures.length, 1);
});
