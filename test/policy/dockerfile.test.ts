import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { clientCertificate } from '../support/certificates.ts';

const tls = clientCertificate('server');

const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8');
const packageJson = JSON.parse(
  await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
) as { devDependencies: { node: string } };

/** The arguments of every instruction of this name, of the last stage alone. */
function instructions(name: string): string[] {
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  const lines = lastStage.replaceAll('\\\n', ' ').split('\n');
  return lines
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => line.slice(name.length + 1));
}

test('the image runs on the major version of Node that the project pins', () => {
  const pinned = /\d+/.exec(packageJson.devDependencies.node)?.[0];
  const bases = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => major);
  assert.deepEqual(bases, [pinned, pinned]);
});

test('the image holds production dependencies alone', () => {
  assert.match(dockerfile, /^RUN npm ci --omit=dev$/m);
  assert.doesNotMatch(dockerfile, /npm install/);
});

test('the image doesn’t run as root', () => {
  assert.deepEqual(instructions('USER'), ['node']);
});

test('the image keeps its data on a volume, where the program is told to put it', () => {
  const [volume = ''] = instructions('VOLUME');
  assert.match(
    instructions('ENV').join(' '),
    new RegExp(`PULLTHROUGH_STORAGE_DIRECTORY=${volume}( |$)`),
  );
});

/** What becomes of the check of health, where the ops endpoints are on another port. */
async function checkHealth(port: number): Promise<number | null> {
  const [, command = ''] = /CMD (\[.*\])$/.exec(instructions('HEALTHCHECK').join('')) ?? [];
  const [, ...args] = JSON.parse(command.replaceAll('5001', String(port))) as string[];
  const [code] = (await once(spawn(process.execPath, args), 'close')) as [number | null];
  return code;
}

for (const [how, serve] of [
  ['plain HTTP', (listener) => createServer(listener)],
  ['TLS, with whatever certificate', (listener) => createTlsServer(tls, listener)],
] as const satisfies [string, (listener: RequestListener) => Server][]) {
  test(`the image is healthy as long as the ops endpoints answer so over ${how}`, async (t) => {
    let status = 200;
    const server = serve(({ url }, response) =>
      response.writeHead(url === '/healthz' ? status : 404).end(),
    );
    t.after(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    assert.equal(await checkHealth(port), 0);
    status = 503;
    assert.equal(await checkHealth(port), 1);
    server.closeAllConnections();
    server.close();
    assert.equal(await checkHealth(port), 1);
  });
}

test('the image checks its own health and is asked to stop with SIGTERM', () => {
  assert.match(instructions('HEALTHCHECK').join(''), /127\.0\.0\.1:5001\/healthz/);
  assert.deepEqual(instructions('STOPSIGNAL'), ['SIGTERM']);
  assert.deepEqual(instructions('EXPOSE'), ['5000 5001']);
});
