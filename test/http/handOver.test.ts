import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { HandOver } from '../../src/http/handOver.ts';
import { blobBytes } from '../support/blobContent.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { serveWith } from './secondServer.ts';
import { blobPath, startStage, type StageOptions } from './stage.ts';
import { wireClient } from './wireAnswer.ts';

const offer = { 'x-hand-over': 'nginx' };

/** A mirror that may leave blobs to nginx, and a client of it, which is no nginx. */
async function startHandingOver(t: Lifetime, options: StageOptions = {}) {
  const stage = await startStage(t, options);
  const server = await serveWith(t, stage, {}, { handOver: new HandOver('/internal-blobs') });
  return { ...stage, ...server, ask: wireClient(server.port) };
}

test('a held blob is answered with headers and the place of its file, and counts as sent', async (t) => {
  const { mirror, large, hold, ask, finished } = await startHandingOver(t);
  await hold(large);
  const answer = await ask('GET', blobPath(large.digest), offer);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.length, 0);
  assert.equal(answer.headers['content-length'], '0');
  assert.equal(answer.headers['etag'], `"${large.digest}"`);
  assert.equal(answer.headers['docker-content-digest'], large.digest);
  assert.equal(answer.headers['x-cache'], 'hit');
  const [, name = ''] =
    /^\/internal-blobs\/(.+)$/.exec(answer.headers['x-accel-redirect'] ?? '') ?? [];
  const file = await readFile(join(mirror.directory, 'v1/blobs', name));
  assert.ok(file.equals(blobBytes(large)));
  const record = finished.at(-1);
  assert.equal(record?.handedOver, true);
  assert.equal(record.bytesSent, large.size);
  assert.equal(record.aborted, false);
});

test('a part of a held blob is handed over as a part', async (t) => {
  const { large, hold, ask, finished } = await startHandingOver(t);
  await hold(large);
  const answer = await ask('GET', blobPath(large.digest), { ...offer, range: 'bytes=10-19' });
  assert.equal(answer.status, 206);
  assert.match(answer.headers['x-accel-redirect'] ?? '', /^\/internal-blobs\//);
  assert.equal(finished.at(-1)?.bytesSent, 10);
});

test('nothing is handed over to whoever did not offer to send it', async (t) => {
  const { large, hold, ask } = await startHandingOver(t);
  await hold(large);
  for (const headers of [{}, { 'x-hand-over': '' }, { 'x-hand-over': 'nginx, nginx' }]) {
    const answer = await ask('GET', blobPath(large.digest), headers);
    assert.equal(answer.headers['x-accel-redirect'], undefined);
    assert.ok(answer.body.equals(blobBytes(large)));
  }
});

test('nothing is handed over where the settings name no location, whatever a client sends', async (t) => {
  const { large, hold, ask } = await startStage(t);
  await hold(large);
  const answer = await ask('GET', blobPath(large.digest), offer);
  assert.equal(answer.headers['x-accel-redirect'], undefined);
  assert.ok(answer.body.equals(blobBytes(large)));
});

test('what comes in, what is in memory, and every other answer is the mirror’s to send', async (t) => {
  const { image, small, large, hold, ask } = await startHandingOver(t);
  const fetched = await ask('GET', blobPath(large.digest), offer);
  assert.ok(fetched.body.equals(blobBytes(large)));
  await hold(small);
  await hold(large);
  const inMemory = await ask('GET', blobPath(small.digest), offer);
  assert.ok(inMemory.body.equals(blobBytes(small)));
  const head = await ask('HEAD', blobPath(large.digest), offer);
  assert.equal(head.headers['content-length'], String(large.size));
  const known = { ...offer, 'if-none-match': `"${large.digest}"` };
  const answers = [
    fetched,
    inMemory,
    head,
    await ask('GET', blobPath(large.digest), known),
    await ask('GET', blobPath(large.digest), { ...offer, range: 'bytes=9999999-' }),
    await ask('GET', blobPath(image.manifest.digest).replace(/.$/, 'x'), offer),
    await ask('GET', '/v2/', offer),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 304, 416, 400, 200],
  );
  for (const { headers } of answers) assert.equal(headers['x-accel-redirect'], undefined);
});

test('conditions and ranges that nginx would take otherwise are the mirror’s to honour', async (t) => {
  const { large, hold, ask } = await startHandingOver(t);
  await hold(large);
  const etag = `"${large.digest}"`;
  const cases: readonly (readonly [Record<string, string>, boolean])[] = [
    [{ range: 'bytes=0-9', 'if-range': etag }, true],
    [{ range: 'bytes=0-9', 'if-range': '"other"' }, false],
    [{ range: 'bytes=0-9,20-29' }, false],
    [{ range: 'bytes=,0-9' }, false],
    [{ range: 'bytes=x' }, false],
    [{ range: `bytes=0-${'9'.repeat(20)}` }, false],
    [{ 'if-match': '"other"' }, false],
    [{ 'if-unmodified-since': new Date(0).toUTCString() }, false],
  ];
  for (const [headers, isHandedOver] of cases) {
    const answer = await ask('GET', blobPath(large.digest), { ...offer, ...headers });
    const about = JSON.stringify(headers);
    assert.equal(answer.headers['x-accel-redirect'] !== undefined, isHandedOver, about);
    if (!isHandedOver) assert.ok(answer.body.length > 0, about);
  }
});
