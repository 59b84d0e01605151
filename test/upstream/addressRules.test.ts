import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressRules } from '../../src/upstream/addressRules.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';

function rulesOf(base: string, ...trustedHosts: string[]): AddressRules {
  return new AddressRules({ host: 'docker.io', base: new URL(base), trustedHosts });
}

const hub = rulesOf('https://registry-1.docker.io');

function assertForbidden(act: () => unknown, message?: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof UpstreamError);
    assert.equal(error.failure, 'forbidden_address');
    assert.match(error.message, /trustedHosts/);
    if (message !== undefined) assert.match(error.message, message);
    return true;
  });
}

describe('the token service', () => {
  test('may be another host of the same registrable domain over https', () => {
    assert.equal(hub.realm('https://auth.docker.io/token').href, 'https://auth.docker.io/token');
  });

  test('may be the own origin of an upstream over plain http', () => {
    rulesOf('http://registry.corp:5000').realm('http://registry.corp:5000/auth');
  });

  test('may not be on a foreign domain', () => {
    assertForbidden(() => hub.realm('https://auth.docker.io.evil.example/token'), /evil\.example/);
    assertForbidden(() => rulesOf('https://registry.redhat.io').realm('https://sso.redhat.com/a'));
  });

  test('may not be elsewhere under a suffix that different owners share', () => {
    assertForbidden(() => rulesOf('https://alice.github.io').realm('https://eve.github.io/token'));
    assertForbidden(() => rulesOf('https://shop.co.uk').realm('https://evil.co.uk/token'));
  });

  test('may not go from https to http', () => {
    assertForbidden(() => hub.realm('http://auth.docker.io/token'));
    assertForbidden(() => hub.realm('http://registry-1.docker.io/token'));
  });

  test('may not be an IP literal, nor another port of one', () => {
    assertForbidden(() => hub.realm('https://10.0.0.1/token'));
    assertForbidden(() => rulesOf('https://10.0.0.1:5000').realm('https://10.0.0.1:5001/token'));
    assertForbidden(() => rulesOf('http://127.0.0.1:5000').realm('http://127.0.0.1:5001/token'));
  });

  test('must have an absolute http address', () => {
    assertForbidden(() => hub.realm('/token'));
    assertForbidden(() => hub.realm('ftp://auth.docker.io/token'));
    assertForbidden(() => hub.realm(''));
  });

  test('may be anywhere that the operator trusts', () => {
    rulesOf('https://registry.redhat.io', 'sso.redhat.com').realm('https://sso.redhat.com/auth');
    rulesOf('http://127.0.0.1:1', '127.0.0.1:2').realm('http://127.0.0.1:2/token');
    assertForbidden(() =>
      rulesOf('http://127.0.0.1:1', '127.0.0.1:2').realm('http://127.0.0.1:3/'),
    );
  });

  test('is asked without the user name that its address may contain', () => {
    assert.equal(
      hub.realm('https://a:b@auth.docker.io/token').href,
      'https://auth.docker.io/token',
    );
  });
});

describe('a redirect', () => {
  const from = new URL('https://registry-1.docker.io/v2/library/alpine/blobs/x');

  test('may lead to any public host over https, and stay relative', () => {
    assert.equal(
      hub.redirect(from, 'https://cdn.example/b?sig=1').href,
      'https://cdn.example/b?sig=1',
    );
    assert.equal(
      hub.redirect(from, '../y').href,
      'https://registry-1.docker.io/v2/library/alpine/y',
    );
  });

  test('may not lead from https to http', () => {
    assertForbidden(() => hub.redirect(from, 'http://cdn.example/b'));
  });

  test('may not lead to a private address in any spelling', () => {
    for (const target of [
      'https://169.254.169.254/latest/meta-data',
      'https://0x7f000001/',
      'https://2130706433/',
      'https://[::ffff:10.0.0.1]/',
      'https://[fd00:ec2::254]/',
      'https://localhost:5000/',
      '//192.168.0.1/',
    ]) {
      assertForbidden(() => hub.redirect(from, target), /private address/);
    }
  });

  test('may not lead to anything but http', () => {
    assertForbidden(() => hub.redirect(from, 'file:///etc/passwd'));
    assertForbidden(() => hub.redirect(from, 'https://'));
  });

  test('may lead to a private address that the operator trusts, over http too', () => {
    const rules = rulesOf('https://registry.corp.example', '10.0.0.5:9000');
    rules.redirect(from, 'http://10.0.0.5:9000/bucket');
    assertForbidden(() => rules.redirect(from, 'https://10.0.0.5:9001/bucket'));
  });

  test('may not lead to another port of a host of which one port is trusted', () => {
    const rules = rulesOf('https://registry.corp.example', 'minio.corp.example:9000');
    rules.redirect(from, 'https://minio.corp.example:9000/bucket');
    assertForbidden(
      () => rules.redirect(from, 'https://minio.corp.example:22/'),
      /a port that is not trusted/,
    );
    assertForbidden(() => rules.realm('https://minio.corp.example:22/'));
  });

  test('may lead to any port of the own host, whichever of them is trusted', () => {
    const rules = rulesOf('https://registry-1.docker.io', 'registry-1.docker.io:5001');
    rules.redirect(from, 'https://registry-1.docker.io/elsewhere');
    rules.redirect(from, 'https://registry-1.docker.io:5002/elsewhere');
  });

  test('may lead to a private address when the upstream is given by one', () => {
    const nearby = new URL('http://10.0.0.1:5000/v2/');
    rulesOf('http://10.0.0.1:5000').redirect(nearby, 'http://10.0.0.2/');
    rulesOf('http://localhost:5000').redirect(nearby, 'http://127.0.0.1:9000/');
  });

  test('that is refused is told of without path and query', () => {
    assertForbidden(
      () => hub.redirect(from, 'http://cdn.example/secret-path?X-Amz-Signature=abc'),
      /^docker\.io: the redirect http:\/\/cdn\.example is refused[^?]*$/,
    );
    assert.throws(
      () => hub.redirect(from, 'http://cdn.example/secret-path?X-Amz-Signature=abc'),
      (error) => error instanceof Error && !/secret-path|Signature/.test(error.message),
    );
  });
});

describe('a resolved name', () => {
  const publicAddress = { address: '1.1.1.1', family: 4 };
  const privateAddress = { address: '10.0.0.1', family: 4 };

  test('keeps its public addresses and loses its private ones', () => {
    const kept = hub.resolved('cdn.example', [privateAddress, publicAddress]);
    assert.deepEqual(kept, [publicAddress]);
  });

  test('with private addresses only is forbidden', () => {
    assertForbidden(() => hub.resolved('cdn.example', [privateAddress]), /cdn\.example/);
  });

  test("may be private when it is the upstream's own or trusted", () => {
    const rules = rulesOf('https://registry.corp.example', 'minio.corp.example:9000');
    assert.deepEqual(rules.resolved('registry.corp.example', [privateAddress]), [privateAddress]);
    assert.deepEqual(rules.resolved('minio.corp.example', [privateAddress]), [privateAddress]);
    assertForbidden(() => rules.resolved('other.corp.example', [privateAddress]));
  });
});
