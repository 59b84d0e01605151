import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import { connect as connectPlainly, type AddressInfo, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { certificateOf, readCommonName } from '../../src/http/clientCertificate.ts';
import { tlsServerOptions, useCertificate } from '../../src/http/tlsServer.ts';
import { certificatePair, clientAuthorities, clientCertificate } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';

const pair = certificatePair('first');
const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const wayInTheFuture = Date.parse('2200-01-01');

/** A server that says what it finds out about its clients, at a time that the path may give. */
async function startServer(t: Lifetime, clientCa: Buffer | undefined) {
  const server = createServer(tlsServerOptions({ ...pair, clientCa }), (request, response) => {
    const now = request.url === '/future' ? wayInTheFuture : undefined;
    const found = certificateOf(request.socket, now);
    const isRemembered = found === certificateOf(request.socket, now);
    response.end(JSON.stringify({ found: found ?? null, isRemembered }));
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const open = async (options: ConnectionOptions = {}) => {
    const socket = connect({ port, host: '127.0.0.1', ca: pair.certificate, ...options });
    await once(socket, 'secureConnect');
    return socket;
  };
  return {
    server,
    open,
    ask: async (options?: ConnectionOptions) => findingAt(await open(options)),
  };
}

/** What the server says to a client, which ends its connection with that. */
async function findingAt(socket: Socket, path = '/'): Promise<unknown> {
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  const [, body = ''] = Buffer.concat(pieces).toString().split('\r\n\r\n');
  const { found, isRemembered } = JSON.parse(body) as Record<string, unknown>;
  assert.equal(isRemembered, true);
  return found;
}

const foreign = 'none of the authorities that are accepted here has issued it';

describe('a certificate that one of the authorities has issued makes a user, by the common name', () => {
  for (const [file, name] of [
    ['alice', 'alice'],
    ['bob', 'bob'],
    ['plain', 'plain'],
    ['carol', 'carol'],
    ['odd', 'Jörg "J" Müller-Lüdenscheid, build+ci@example.com'],
  ] as const) {
    test(name, async (t) => {
      const { ask } = await startServer(t, clientAuthorities('guests', 'staff'));
      for (const version of versions) {
        const options = { ...clientCertificate(file), minVersion: version, maxVersion: version };
        assert.deepEqual(await ask(options), { kind: 'user', name });
      }
    });
  }
});

describe('refused, and never taken for a client without a certificate, is', () => {
  for (const [what, file, reason] of [
    ['one of another authority', 'bob', foreign],
    ['one that the client issued itself', 'selfSigned', foreign],
    ['one that has expired', 'expired', 'it has expired'],
    ['one for servers', 'server', 'it is not for client authentication'],
    ['one whose key signs nothing', 'signsNothing', 'it is not for client authentication'],
    ['one without a common name', 'nameless', 'its subject has no common name (CN)'],
    ['one with two', 'twoNames', 'its subject has more than one common name (CN)'],
    [
      'one with a line break in its name',
      'lineBreak',
      'its common name (CN) is empty, longer than 256 characters, or not printable',
    ],
  ] as const) {
    test(what, async (t) => {
      const { ask } = await startServer(t, clientAuthorities('staff'));
      for (const version of versions) {
        const options = { ...clientCertificate(file), minVersion: version, maxVersion: version };
        assert.deepEqual(await ask(options), { kind: 'refused', reason });
      }
    });
  }
});

test('a client without a certificate has none, whether or not it was asked for one', async (t) => {
  for (const clientCa of [undefined, clientAuthorities('staff')]) {
    const { ask } = await startServer(t, clientCa);
    for (const version of versions) {
      assert.equal(await ask({ minVersion: version, maxVersion: version }), null);
    }
  }
});

test('where none is asked for, what a client would show makes nobody a user', async (t) => {
  const { ask } = await startServer(t, undefined);
  assert.equal(await ask(clientCertificate('alice')), null);
});

test('a connection without TLS has none', async (t) => {
  const server = createPlainServer((request, response) =>
    response.end(JSON.stringify(certificateOf(request.socket) ?? null)),
  );
  t.after(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}`);
  assert.equal(await answer.json(), null);
  assert.equal(certificateOf(connectPlainly(port).destroy()), undefined);
});

test('a certificate that expires while its connection is open is refused from then on', async (t) => {
  const { open } = await startServer(t, clientAuthorities('staff'));
  const found = await findingAt(await open(clientCertificate('alice')), '/future');
  assert.deepEqual(found, { kind: 'refused', reason: 'it has expired' });
});

/** The session that a server lets a client resume; `undefined` where it offers none. */
async function sessionOf(
  open: (options: ConnectionOptions) => Promise<TLSSocket>,
  options: ConnectionOptions,
) {
  const socket = await open(options);
  const offered: Buffer[] = [];
  socket.on('session', (session) => offered.push(session));
  await findingAt(socket);
  return offered.at(-1) ?? socket.getSession();
}

for (const version of versions) {
  test(`no session of ${version} is a way round a change of the authorities, nor to be somebody without a certificate`, async (t) => {
    const { server, open, ask } = await startServer(t, clientAuthorities('staff'));
    const only = { minVersion: version, maxVersion: version };
    const options = { ...only, ...clientCertificate('alice') };
    const session = await sessionOf(open, options);
    assert.equal(await ask({ ...only, session }), null);
    useCertificate(server, { ...pair, clientCa: clientAuthorities('guests') });
    assert.deepEqual(await ask({ ...options, session }), { kind: 'refused', reason: foreign });
    useCertificate(server, { ...pair, clientCa: clientAuthorities('staff') });
    assert.deepEqual(await ask({ ...options, session }), { kind: 'user', name: 'alice' });
  });
}

describe('a common name', () => {
  for (const name of ['a', 'CN=x', 'Zoë 🐳', '用户', "o'neil/admin:1", 'x'.repeat(256)]) {
    test(`may be ${JSON.stringify(name.slice(0, 20))}`, () => {
      assert.deepEqual(readCommonName(name), { kind: 'user', name });
    });
  }

  for (const name of [
    '',
    'x'.repeat(257),
    'a\tb',
    'a\0',
    'a\u202eb',
    'a\u00a0b',
    '\ud800',
    'a\u2028b',
  ]) {
    test(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => {
      assert.equal(readCommonName(name).kind, 'refused');
    });
  }
});
