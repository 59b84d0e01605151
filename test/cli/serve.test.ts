import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { certificatePair, certificatePath } from '../support/certificates.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { compileCache } from '../support/compileCache.ts';
import { mainFile, runCli } from './runCli.ts';

const anyPort = ['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0'];

interface Serving {
  readonly directory: string;
  readonly child: ChildProcess;
  readonly address: string;
  readonly opsAddress: string;
}

/** Starts the program, waits for it to say that it serves, and ends it with the test. */
async function startServing(t: Lifetime, environment: NodeJS.ProcessEnv = {}): Promise<Serving> {
  const directory = await temporaryDirectory(t);
  const args = [mainFile, 'serve', ...anyPort, '--data', 'data', '--offline'];
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { ...compileCache, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => void child.kill('SIGKILL'));
  for await (const line of createInterface(child.stdout)) {
    const { msg, ...fields } = JSON.parse(line) as { msg: string } & Omit<
      Serving,
      'child' | 'directory'
    >;
    if (msg === 'serving') return { ...fields, child, directory };
  }
  return assert.fail('the program ended without serving');
}

test(
  'serve serves the registry and the ops endpoints until SIGTERM, then exits with 0',
  { timeout: 60_000 },
  async (t) => {
    const { child, address, opsAddress } = await startServing(t);
    assert.equal((await fetch(`http://${address}/v2/`)).status, 200);
    assert.equal((await fetch(`http://${opsAddress}/healthz`)).status, 200);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  },
);

test('serve says in one line which address is in use, and exits with 1', async (t) => {
  const other = createServer();
  t.after(() => other.close());
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const { code, stderr } = await runCli(t, ['serve', ...anyPort, '--ops-listen', address]);
  assert.equal(code, 1);
  assert.equal(
    stderr,
    `pullthrough: cannot listen on ${address} (setting ops.listen): the address is in use by another process\n`,
  );
});

test('serve says in one line that the storage can’t be used, and exits with 1', async (t) => {
  const file = join(await temporaryDirectory(t), 'file');
  await writeFile(file, '');
  const { code, stderr } = await runCli(t, ['serve', ...anyPort, '--data', join(file, 'data')]);
  assert.equal(code, 1);
  assert.match(stderr, /^pullthrough: cannot use \S+ \(setting storage\.directory\): .+\n$/);
});

test('serve says in one line that another mirror has the directory, and exits with 2', async (t) => {
  const { directory, address } = await startServing(t);
  const data = join(directory, 'data');
  const { code, stderr } = await runCli(t, ['serve', ...anyPort, '--data', data]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^pullthrough: another pullthrough, a mirror or a command, is using \S+: stop it or wait for it, or use another storage\.directory\n$/,
  );
  assert.equal((await fetch(`http://${address}/v2/`)).status, 200);
});

test('serve says in one line that a newer version wrote the store, and exits with 2', async (t) => {
  const data = join(await temporaryDirectory(t), 'data');
  await mkdir(join(data, 'v2'), { recursive: true });
  const { code, stderr } = await runCli(t, ['serve', ...anyPort, '--data', data]);
  assert.equal(code, 2);
  assert.match(stderr, /^pullthrough: \S+ is of format 2, and this version [^\n]+\n$/);
});

test('serve says in one line that a proxy’s address can’t be read, and exits with 2', async (t) => {
  const environment = { HTTPS_PROXY: '::secret-garbage::' };
  const { code, stderr } = await runCli(t, ['serve', ...anyPort, '--data', 'data'], environment);
  assert.equal(code, 2);
  assert.match(stderr, /^pullthrough: HTTPS_PROXY: expected the address of a proxy, [^\n]+\n$/);
  assert.doesNotMatch(stderr, /garbage/);
});

test('serve speaks TLS with the certificate that the settings name', async (t) => {
  const environment = {
    PULLTHROUGH_TLS_CERTIFICATE_FILE: certificatePath('first.crt'),
    PULLTHROUGH_TLS_KEY_FILE: certificatePath('first.key'),
  };
  const { child, address } = await startServing(t, environment);
  const [host, port] = address.split(':');
  const ca = certificatePair('first').certificate;
  const socket = connect({ host: host ?? '', port: Number(port), ca });
  socket.end('GET /v2/ HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n');
  assert.match(await text(socket), /^HTTP\/1\.1 200 OK/);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('serve logs what the settings leave open', async (t) => {
  const directory = await temporaryDirectory(t);
  const args = [mainFile, 'serve', ...anyPort, '--data', 'data', '--offline'];
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { ...compileCache, PULLTHROUGH_ACCESS_TRUSTED_PROXIES: '[0.0.0.0/0]' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => void child.kill('SIGKILL'));
  const warnings: Record<string, unknown>[] = [];
  for await (const line of createInterface(child.stdout)) {
    const { msg, level, setting, advice } = JSON.parse(line) as Record<string, unknown>;
    if (msg === 'serving') break;
    if (level === 'warn') warnings.push({ msg, setting, advice });
  }
  assert.deepEqual(warnings, [
    {
      msg: 'every client is in 0.0.0.0/0 and may claim any address, one of access.clients too',
      setting: 'access.trustedProxies[0]',
      advice: 'name the addresses of the proxies and no others',
    },
  ]);
});
