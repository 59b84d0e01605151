import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TlsRenewal, type TlsPair } from '../../src/http/tlsRenewal.ts';
import { certificatePair } from '../support/certificates.ts';

const [first, second] = [certificatePair('first'), certificatePair('second')];

/** A renewal of what `files` hold, and what it did. */
function renewalOf(files: { now: TlsPair | Error }) {
  const used: TlsPair[] = [];
  const failures: unknown[] = [];
  const renewal = new TlsRenewal({
    first,
    read: async () => {
      if (files.now instanceof Error) throw files.now;
      return files.now;
    },
    use: (pair) => used.push(pair),
    failed: (error) => failures.push(error),
  });
  return { renewal, used, failures };
}

const sameAs = ({ certificate, key }: TlsPair): TlsPair => ({
  certificate: Buffer.from(certificate),
  key: Buffer.from(key),
});

test('a pair that changed is taken into use once', async () => {
  const files = { now: sameAs(first) };
  const { renewal, used, failures } = renewalOf(files);
  await renewal.look();
  assert.deepEqual(used, []);
  files.now = second;
  await renewal.look();
  await renewal.look();
  assert.deepEqual(used, [second]);
  assert.deepEqual(failures, []);
});

test('a certificate that was renewed for the same key counts as changed', async () => {
  const files = { now: { ...first, certificate: second.certificate } };
  const { renewal, used } = renewalOf(files);
  await renewal.look();
  assert.deepEqual(used, [files.now]);
});

test('files that can’t be used are told of once, and leave in use what was', async () => {
  const files: { now: TlsPair | Error } = { now: new Error('half written') };
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

test('a pair that the server refuses is offered again, and told of once', async () => {
  const failures: unknown[] = [];
  let offers = 0;
  const renewal = new TlsRenewal({
    first,
    read: async () => second,
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
