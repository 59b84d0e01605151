import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect as connectPlainly, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { AcceptedClients } from '../../src/http/acceptedClients.ts';
import { certificateOf } from '../../src/http/clientCertificate.ts';
import { tlsServerOptions } from '../../src/http/tlsServer.ts';
import { certificatePair, clientAuthorities, clientCertificate } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';

const pair = certificatePair('first');
const [staff, guests] = (['staff', 'guests'] as const).map(
  (name) => new X509Certificate(clientAuthorities(name)),
);
assert.ok(staff !== undefined && guests !== undefined);

/** A server that says what it finds out about its clients, and which of those it has accepted. */
async function startServer(t: Lifetime) {
  const clientCa = clientAuthorities('staff', 'guests');
  const options = tlsServerOptions({ ...pair, clientCa });
  const server = createServer(options, ({ socket }, response) =>
    response.end(JSON.stringify(certificateOf(socket) ?? null)),
  );
  const accepted = new AcceptedClients(server);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  /** A client that says nothing yet. */
  const reach = async (): Promise<Socket> => {
    const arrived = once(server, 'connection');
    const socket = connectPlainly(port, '127.0.0.1');
    await arrived;
    return socket;
  };
  const open = async (name?: string, through?: Socket) => {
    const shown = name === undefined ? {} : clientCertificate(name);
    const socket = connect({
      socket: through ?? (await reach()),
      host: '127.0.0.1',
      ca: pair.certificate,
      ...shown,
    });
    await once(socket, 'secureConnect');
    return async (): Promise<unknown> => {
      socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return JSON.parse(answer.toString().split('\r\n\r\n')[1] ?? '');
    };
  };
  return { accepted, reach, open };
}

const foreign = {
  kind: 'refused',
  reason: 'none of the authorities that are accepted here has issued it',
};

test('a connection that is kept alive is refused when its authority is none any more', async (t) => {
  const { accepted, open } = await startServer(t);
  const [asAlice, asBob, unasked] = [await open('alice'), await open('bob'), await open('bob')];
  assert.deepEqual(await asAlice(), { kind: 'user', name: 'alice' });
  assert.deepEqual(await asBob(), { kind: 'user', name: 'bob' });
  accepted.keepTo([staff]);
  assert.deepEqual(await asAlice(), { kind: 'user', name: 'alice' });
  assert.deepEqual(await asBob(), foreign);
  assert.deepEqual(await unasked(), foreign);
});

test('a client that began its handshake before the change is held to what holds after it', async (t) => {
  const { accepted, reach, open } = await startServer(t);
  const [early, alsoEarly] = [await reach(), await reach()];
  accepted.keepTo([staff]);
  assert.deepEqual(await (await open('bob', early))(), foreign);
  assert.deepEqual(await (await open('alice', alsoEarly))(), { kind: 'user', name: 'alice' });
});

test('a certificate counts as issued by the root that its chain ends in', async (t) => {
  const { accepted, open } = await startServer(t);
  const asCarol = await open('carol');
  accepted.keepTo([staff, guests]);
  assert.deepEqual(await asCarol(), { kind: 'user', name: 'carol' });
  accepted.keepTo([guests]);
  assert.deepEqual(await asCarol(), foreign);
});

test('a client without a certificate stays one', async (t) => {
  const { accepted, open } = await startServer(t);
  const ask = await open();
  assert.equal(await ask(), null);
  accepted.keepTo([]);
  assert.equal(await ask(), null);
});
