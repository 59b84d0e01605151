import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateOf } from '../../src/http/clientCertificate.ts';
import { tlsServerOptions } from '../../src/http/tlsServer.ts';
import { certificatePair, certificatePath, clientAuthorities } from '../support/certificates.ts';
import { onBench, type Bench } from './support/bench.ts';
import { freePorts } from './support/freePort.ts';
import { shakeHands } from './support/openssl.ts';
import { startProgram } from './support/program.ts';
import { repositoryRoot } from './support/repository.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';

/** A mirror that speaks TLS on both ports, and asks registry clients for certificates. */
async function startMirror(bench: Bench) {
  const [port = 0, opsPort = 0] = await freePorts(2);
  const pair = {
    certificateFile: certificatePath('first.crt'),
    keyFile: certificatePath('first.key'),
  };
  const file = join(bench.directory, 'mirror.yaml');
  const settings = {
    listen: `127.0.0.1:${port}`,
    tls: { ...pair, clientCaFile: certificatePath('clients/staff.crt') },
    ops: { listen: `127.0.0.1:${opsPort}`, tls: pair },
    storage: { directory: join(bench.directory, 'data'), minFree: 0 },
    offline: true,
    log: { format: 'json' },
  };
  await writeFile(file, JSON.stringify(settings));
  const program = startProgram(bench, process.execPath, [
    join(repositoryRoot, 'src/main.ts'),
    '--config',
    file,
  ]);
  await program.waitFor(/"msg":"serving"/);
  return { port, opsPort };
}

// Without this level OpenSSL would not even offer them.
const old = ['-cipher', 'ALL:@SECLEVEL=0'];

test(
  'openssl sees TLS 1.2 and 1.3 on both ports, and no older protocol',
  { skip: unlessInstalled(['openssl']) },
  onBench(async (bench) => {
    const { port, opsPort } = await startMirror(bench);
    for (const one of [port, opsPort]) {
      for (const [flags, protocol] of [
        [['-tls1_3'], 'TLSv1.3'],
        [['-tls1_2'], 'TLSv1.2'],
        [['-tls1_1', ...old], undefined],
        [['-tls1', ...old], undefined],
        [['-no_tls1_3', '-no_tls1_2', ...old], undefined],
      ] as const) {
        const shaken = await shakeHands(one, flags);
        assert.equal(shaken.protocol, protocol, `${flags.join(' ')}\n${shaken.output}`);
        if (protocol === undefined) assert.match(shaken.output, /alert protocol version/);
      }
    }
  }),
);

test(
  'openssl is asked for a certificate by the registry port alone, and lets no session be resumed there',
  { skip: unlessInstalled(['openssl']) },
  onBench(async (bench) => {
    const { port, opsPort } = await startMirror(bench);
    const [registry, ops] = [await shakeHands(port, ['-tls1_3']), await shakeHands(opsPort, [])];
    // It shows which signatures a client may show a certificate with only where it was asked for one.
    assert.match(registry.output, /^Requested Signature Algorithms: /m);
    assert.match(registry.output, /^Acceptable client certificate CA names\nCN = staff$/m);
    assert.doesNotMatch(ops.output, /Requested Signature Algorithms/);
    const session = join(bench.directory, 'session');
    for (const version of ['-tls1_2', '-tls1_3']) {
      await shakeHands(port, [version, '-sess_out', session]);
      const again = await shakeHands(port, [version, '-sess_in', session]);
      assert.doesNotMatch(again.output, /^Reused, /m);
      assert.notEqual(again.protocol, undefined);
    }
  }),
);

test(
  'skopeo shows its certificate; as every client in Go it keeps back what none of the authorities has issued',
  { skip: unlessInstalled(['skopeo']) },
  onBench(async (bench) => {
    const found: unknown[] = [];
    const options = tlsServerOptions({
      ...certificatePair('first'),
      clientCa: clientAuthorities('staff'),
    });
    const server = createServer(options, ({ socket }, response) => {
      found.push(certificateOf(socket));
      response.writeHead(404).end();
    });
    bench.onClose(async () => {
      server.closeAllConnections();
      server.close();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    for (const [name, finding] of [
      ['alice', { kind: 'user', name: 'alice' }],
      ['expired', { kind: 'refused', reason: 'it has expired' }],
      ['bob', undefined],
    ] as const) {
      const folder = join(bench.directory, name);
      await mkdir(folder);
      await copyFile(certificatePath('first.crt'), join(folder, 'ca.crt'));
      await copyFile(certificatePath(`clients/${name}.crt`), join(folder, 'client.cert'));
      await copyFile(certificatePath('clients/client.key'), join(folder, 'client.key'));
      found.length = 0;
      const image = `docker://127.0.0.1:${port}/acme/app`;
      await assert.rejects(runCommand('skopeo', ['inspect', '--cert-dir', folder, image]));
      assert.ok(found.length > 0, name);
      for (const one of found) assert.deepEqual(one, finding);
    }
  }),
);
