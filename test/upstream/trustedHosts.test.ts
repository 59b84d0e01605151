import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustedHosts } from '../../src/upstream/trustedHosts.ts';

function trusts(entry: string, url: string): boolean {
  return new TrustedHosts([entry]).has(new URL(url));
}

test('an entry without a port holds for every port', () => {
  assert.equal(trusts('minio.corp', 'https://minio.corp:9000/x'), true);
  assert.equal(trusts('minio.corp', 'http://minio.corp/'), true);
});

test('an entry with a port holds for that port alone', () => {
  assert.equal(trusts('minio.corp:9000', 'http://minio.corp:9000/'), true);
  assert.equal(trusts('minio.corp:9000', 'http://minio.corp:9001/'), false);
  assert.equal(trusts('minio.corp:443', 'https://minio.corp/'), true);
  assert.equal(trusts('minio.corp:443', 'http://minio.corp/'), false);
});

test('neither the parent nor a child of a trusted host is trusted', () => {
  assert.equal(trusts('sso.corp', 'https://corp/'), false);
  assert.equal(trusts('sso.corp', 'https://evil.sso.corp/'), false);
  assert.equal(trusts('sso.corp', 'https://sso.corp.evil/'), false);
});

test('the case of an entry does not matter, and IPv6 addresses stand in brackets', () => {
  assert.equal(trusts('MinIO.Corp:9000', 'http://minio.corp:9000/'), true);
  assert.equal(trusts('[FD00::0001]:9000', 'http://[fd00::1]:9000/'), true);
});

test('a resolved name is trusted whatever port its entry has', () => {
  assert.equal(new TrustedHosts(['minio.corp:9000']).hasHostname('minio.corp'), true);
  assert.equal(new TrustedHosts(['minio.corp:9000']).hasHostname('corp'), false);
});
