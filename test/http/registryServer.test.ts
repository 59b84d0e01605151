import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blobBytes } from '../support/blobContent.ts';
import { paidAccount } from '../support/hub/accounts.ts';
import { basic } from '../support/hub/plainClient.ts';
import { exchangeRaw } from '../support/rawSocket.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { eventually } from './eventually.ts';
import { blobPath, manifestPath, startStage } from './stage.ts';
import { readAnswer, requestHead } from './wireAnswer.ts';

test('an image is pulled whole, and the second pull asks no upstream', async (t) => {
  const { hub, mirror, image, ask, hold } = await startStage(t);
  const pull = async (): Promise<string[]> => {
    const manifest = await ask('GET', manifestPath('3.20'));
    assert.deepEqual(manifest.body, image.manifest.bytes);
    const outcomes = [manifest.headers['x-cache'] ?? ''];
    for (const blob of image.blobs) {
      const answer = await ask('GET', blobPath(blob.digest));
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, blobBytes(blob));
      outcomes.push(answer.headers['x-cache'] ?? '');
    }
    return outcomes;
  };
  assert.deepEqual(await pull(), ['miss', 'miss', 'miss', 'miss']);
  for (const blob of image.blobs) await hold(blob);
  assert.equal(mirror.mirror.fills.count, 0);
  hub.forget();
  assert.deepEqual(await pull(), ['hit', 'hit', 'hit', 'hit']);
  assert.equal(hub.count(), 0);
});

test('the base of the API is open to all, with and without its slash', async (t) => {
  const { hub, ask } = await startStage(t);
  for (const path of ['/v2/', '/v2', '/v2/?ns=docker.io']) {
    const answer = await ask('GET', path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
    assert.equal(answer.headers['www-authenticate'], undefined);
    assert.equal(answer.body.toString(), '{}');
    const head = await ask('HEAD', path);
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-length'], '2');
    assert.equal(head.body.length, 0);
  }
  assert.equal(hub.count(), 0);
});

test('a HEAD has the headers of the GET and no body', async (t) => {
  const { image, small, large, ask, hold } = await startStage(t);
  await ask('GET', manifestPath('3.20'));
  await hold(small);
  await hold(large);
  const targets = [
    '/v2/',
    manifestPath('3.20'),
    manifestPath(image.manifest.digest),
    blobPath(small.digest),
    blobPath(large.digest),
    `/v2/library/alpine/referrers/${image.manifest.digest}`,
    '/v2/library/alpine/tags/list',
    manifestPath('no-such-tag'),
    blobPath(image.manifest.digest).replace(/.$/, 'x'),
    '/nowhere',
    '/v2/%zz',
  ];
  for (const target of targets) {
    await ask('GET', target);
    const { date: _, ...get } = (await ask('GET', target)).headers;
    const head = await ask('HEAD', target);
    const { date: __, ...headers } = head.headers;
    assert.deepEqual(headers, get, target);
    assert.equal(head.body.length, 0, target);
  }
});

test('nothing is compressed, whatever a client says it takes', async (t) => {
  const { hub, image, small, ask, hold } = await startStage(t);
  await hold(small);
  const accepting = { 'accept-encoding': 'zstd, gzip, deflate, br, identity;q=0' };
  for (const [target, bytes] of [
    [manifestPath('3.20'), image.manifest.bytes],
    [blobPath(small.digest), blobBytes(small)],
    [blobPath(image.config.digest), blobBytes(image.config)],
    ['/v2/library/alpine/tags/list', '{"name":"library/alpine","tags":["3.20"]}'],
  ] as const) {
    const answer = await ask('GET', target, accepting);
    assert.equal(answer.headers['content-encoding'], undefined);
    assert.equal(answer.headers['content-length'], String(answer.body.length));
    assert.deepEqual(answer.body, Buffer.from(bytes));
  }
  const codings = hub.requests.map(({ headers }) => headers['accept-encoding']);
  assert.ok(codings.every((coding) => coding === undefined || coding === 'identity'));
});

test('what a daemon volunteers to authenticate itself is neither passed on nor kept', async (t) => {
  const { hub, mirror, image, large, ask } = await startStage(t);
  const authorization = basic(paidAccount);
  const secret = authorization.slice('Basic '.length);
  for (const target of [
    '/v2/',
    manifestPath('3.20'),
    blobPath(large.digest),
    '/v2/library/alpine/tags/list',
    `/v2/library/alpine/referrers/${image.manifest.digest}`,
    manifestPath('missing'),
    '/v2/%zz',
  ]) {
    await ask('GET', target, { authorization, cookie: `session=${secret}` });
  }
  assert.ok(hub.count({ origin: 'token' }) > 0);
  assert.ok(hub.count({ origin: 'cdn' }) > 0);
  await eventually('all are reported', () => mirror.finished.length === 7);
  for (const kept of [hub.requests, mirror.finished, mirror.observed]) {
    const text = JSON.stringify(kept);
    assert.ok(!text.includes(secret));
    assert.ok(!text.includes(paidAccount.password));
    assert.ok(!text.includes(paidAccount.username));
  }
});

test('push and delete are refused with the methods that are allowed', async (t) => {
  const { hub, image, ask } = await startStage(t);
  for (const [method, target] of [
    ['POST', '/v2/library/alpine/blobs/uploads/'],
    ['PATCH', '/v2/library/alpine/blobs/uploads/1'],
    ['PUT', manifestPath('3.20')],
    ['DELETE', manifestPath(image.manifest.digest)],
    ['DELETE', '/v2/'],
    ['POST', '/v2'],
  ] as const) {
    for (const body of [{}, { 'content-length': '0' }, { 'content-length': '2' }]) {
      const answer = await ask(method, target, body);
      assertRegistryError(answer, 405, 'UNSUPPORTED', `${method} ${target}`);
      assert.equal(answer.headers['allow'], 'GET, HEAD');
    }
  }
  assert.equal(hub.count(), 0);
});

test('a push is refused before its body is read, and the connection closed', async (t) => {
  const { mirror } = await startStage(t);
  for (const framing of [
    { 'content-length': '10000000000' },
    { 'transfer-encoding': 'chunked' },
    { 'content-length': '10000000000', expect: '100-continue' },
    { 'content-length': '10000000000', 'content-type': 'no;such/type' },
  ] as const) {
    const bytes = requestHead('PUT', manifestPath('3.20'), framing);
    const { bytes: reply, end } = await exchangeRaw({ port: mirror.port, bytes });
    const answer = readAnswer(reply, end);
    assertRegistryError(answer, 405, 'UNSUPPORTED');
    assert.equal(answer.headers['connection'], 'close');
    assert.equal(answer.end, 'fin');
  }
});

test('what is no route of the API is a 404 in the shape of the API', async (t) => {
  const { ask } = await startStage(t);
  for (const [method, target] of [
    ['GET', '/'],
    ['GET', '/v1/search'],
    ['GET', '/V2/'],
    ['GET', '/v2x/'],
    ['GET', '//v2/'],
    ['GET', '/v2/_catalog'],
    ['GET', '/v2/library/alpine'],
    ['GET', '/metrics'],
    ['POST', '/v1/'],
    ['OPTIONS', '/v2/'],
    ['OPTIONS', '*'],
    ['TRACE', '/v2/'],
    ['PROPFIND', manifestPath('3.20')],
    ['SEARCH', '/v2/'],
  ] as const) {
    assertRegistryError(await ask(method, target), 404, 'NOT_FOUND', `${method} ${target}`);
    if (method === 'GET') continue;
    const body = await ask(method, target, { 'content-length': '5' });
    assertRegistryError(body, 404, 'NOT_FOUND', `${method} ${target} with a body`);
  }
});

test('a path that can not be decoded is a 400 in the shape of the API', async (t) => {
  const { mirror, ask } = await startStage(t);
  for (const target of ['/v2/%zz', '/%', '/v2/a/manifests/%f', '/v2/%ff%fe/tags/list']) {
    for (const method of ['GET', 'POST', 'PROPFIND']) {
      assertRegistryError(await ask(method, target), 400, 'REQUEST_INVALID', target);
    }
    const bytes = requestHead('POST', target, { 'content-length': '100000' });
    const { bytes: reply, end } = await exchangeRaw({ port: mirror.port, bytes });
    assertRegistryError(readAnswer(reply, end), 400, 'REQUEST_INVALID', target);
    assert.equal(end, 'fin');
  }
});

test('an expectation is nothing special', async (t) => {
  const { ask, image } = await startStage(t);
  for (const expect of ['100-continue', 'miracles']) {
    const answer = await ask('GET', manifestPath('3.20'), { expect });
    assert.equal(answer.status, 200, expect);
    assert.deepEqual(answer.body, image.manifest.bytes);
  }
});

test('one connection serves one request after the other', async (t) => {
  const { mirror, image, ask } = await startStage(t);
  await ask('GET', manifestPath('3.20'));
  const bytes = [
    requestHead('GET', manifestPath('3.20')),
    requestHead('HEAD', manifestPath('3.20')),
    requestHead('GET', manifestPath('missing')),
    requestHead('GET', '/v2/', { connection: 'close' }),
  ].join('');
  const reply = await exchangeRaw({ port: mirror.port, bytes });
  const text = reply.bytes.toString('latin1');
  assert.equal(reply.end, 'fin');
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), [
    'HTTP/1.1 200',
    'HTTP/1.1 200',
    'HTTP/1.1 404',
    'HTTP/1.1 200',
  ]);
  assert.equal(text.split(image.manifest.bytes.toString('latin1')).length, 2);
  assert.ok(text.endsWith('\r\n\r\n{}'));
});
