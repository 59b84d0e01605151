import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMirror, type RunningMirror } from '../../src/cli/mirrorServer.ts';
import { loadConfiguration } from '../../src/config/loadConfiguration.ts';
import { buildImage } from '../support/images.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { certificatePath } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { runHere } from './runCli.ts';

const token = markedSecret('ops');

/** A mirror whose ops endpoints speak TLS, and the program with the configuration of that mirror. */
async function start(t: Lifetime) {
  const hub = await startHub(t);
  hub.addImage('acme/app', buildImage({ seed: 'app' }), { tags: ['v1'] });
  const directory = await temporaryDirectory(t);
  const file = join(directory, 'mirror.yaml');
  const tls = { certificateFile: join(directory, 'ops.crt'), keyFile: join(directory, 'ops.key') };
  // It is good for servers, and neither for any name nor issued by anybody who is known.
  await copyFile(certificatePath('clients/server.crt'), tls.certificateFile);
  await copyFile(certificatePath('clients/client.key'), tls.keyFile);
  const trustedHosts = [hub.tokenUrl, hub.cdnUrl].map((url) => new URL(url).host);
  const settings = (opsAddress: string) => ({
    listen: '127.0.0.1:0',
    ops: { listen: opsAddress, token, tls },
    storage: { directory: join(directory, 'data'), minFree: 0 },
    upstreams: [{ host: 'docker.io', url: hub.registryUrl, trustedHosts }],
    log: { level: 'silent' },
  });
  await writeFile(file, JSON.stringify(settings('127.0.0.1:0')));
  const { configuration } = loadConfiguration({ file, environment: {} });
  const mirror = await startMirror(configuration, {});
  t.after(() => mirror.stop());
  await writeFile(file, JSON.stringify(settings(mirror.opsAddress)));
  const run = (...args: readonly string[]) => runHere([...args, '--config', file]);
  return { mirror, directory, tls, run };
}

const urlOf = ({ opsAddress }: RunningMirror): string => `https://${opsAddress}`;

test('every command finds the ops endpoints of its configuration over TLS', async (t) => {
  const { directory, run } = await start(t);
  const archive = join(directory, 'app.tar');
  for (const args of [
    ['warm', 'acme/app:v1', '--platform', 'all'],
    ['ls'],
    ['inspect', 'acme/app:v1'],
    ['du'],
    ['stats'],
    ['verify'],
    ['gc'],
    ['export', 'acme/app:v1', '--output', archive],
    ['purge', 'acme/app:v1'],
    ['import', archive],
    ['stats', '--json'],
  ]) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  }
});

test('the address of the configuration may be given, and is trusted like it', async (t) => {
  const { mirror, run } = await start(t);
  const { code, stderr } = await run('ls', '--url', urlOf(mirror));
  assert.deepEqual([code, stderr], [0, '']);
});

test('another address is trusted as usual, so a certificate of nobody known is refused with what to do', async (t) => {
  const { mirror } = await start(t);
  for (const command of ['ls', 'stats']) {
    const { code, stdout, stderr } = await runHere([command, '--url', urlOf(mirror)]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /nobody known has issued its certificate; say who with NODE_EXTRA_CA_CERTS=/,
    );
  }
});

test('over plain HTTP nothing is to be had there, and TLS is hinted at', async (t) => {
  const { mirror } = await start(t);
  for (const command of ['ls', 'stats']) {
    const { code, stderr } = await runHere([command, '--url', `http://${mirror.opsAddress}`]);
    assert.equal(code, 1);
    assert.match(stderr, /the connection was broken off; is it https:\/\/ instead\?/);
  }
});

test('a certificate that is not that of the configuration is refused before the token is shown', async (t) => {
  const { tls, run } = await start(t);
  await copyFile(certificatePath('first.crt'), tls.certificateFile);
  await copyFile(certificatePath('first.key'), tls.keyFile);
  for (const command of ['gc', 'stats']) {
    const { code, stdout, stderr } = await run(command);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /it shows another certificate than ops\.tls\.certificateFile \(\S+\) holds/,
    );
  }
});
