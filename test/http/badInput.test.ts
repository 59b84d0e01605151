import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { blobBytes } from '../support/blobContent.ts';
import { exchangeRaw, openRawConnection } from '../support/rawSocket.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { blobPath, manifestPath, startStage, type Stage } from './stage.ts';
import { readAnswer, requestHead, type WireAnswer } from './wireAnswer.ts';

const canary = 'a canary that no answer may contain';

/** A stage whose store lies beside a file that must never be served. */
async function startGuarded(t: TestContext): Promise<Stage> {
  const parent = await temporaryDirectory(t);
  await writeFile(join(parent, 'canary'), canary);
  const stage = await startStage(t, { directory: join(parent, 'store') });
  await writeFile(join(stage.mirror.directory, 'canary'), canary);
  await writeFile(join(stage.mirror.directory, 'v1', 'canary'), canary);
  await writeFile(join(stage.mirror.directory, 'v1', 'blobs', 'canary'), canary);
  await stage.ask('GET', manifestPath('3.20'));
  for (const blob of stage.image.blobs) await stage.hold(blob);
  stage.hub.forget();
  return stage;
}

/**
 * Whether bytes that are no sound request get what they deserve: an OCI error with a 4xx, or the end
 * of the connection. Never a 5xx, and never the canary.
 */
async function assertRefused({ mirror }: Stage, bytes: Buffer | string): Promise<WireAnswer> {
  const reply = await exchangeRaw({ port: mirror.port, bytes });
  const about = String(bytes).slice(0, 200);
  assert.notEqual(reply.end, 'timeout', about);
  assert.ok(!reply.bytes.includes(canary), about);
  const answer = readAnswer(reply.bytes, reply.end);
  if (answer.status === 0) {
    assert.equal(answer.body.length, 0, about);
    return answer;
  }
  assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} for ${about}`);
  assert.equal(answer.headers['content-type'], 'application/json', about);
  if (about.startsWith('HEAD ')) return answer;
  const { errors } = JSON.parse(answer.body.toString()) as { errors: Array<{ code: string }> };
  assert.match(errors[0]?.code ?? '', /^[A-Z_]+$/, about);
  return answer;
}

/** Whether the server is as it was: what was held is served, and no upstream was asked meanwhile. */
async function assertUnharmed({ hub, image, small, large, ask }: Stage): Promise<void> {
  assert.deepEqual(
    hub.requests.map(({ method, path }) => `${method} ${path}`),
    [],
  );
  assert.deepEqual((await ask('GET', manifestPath('3.20'))).body, image.manifest.bytes);
  for (const blob of [small, large]) {
    assert.deepEqual((await ask('GET', blobPath(blob.digest))).body, blobBytes(blob));
  }
  assert.equal(hub.count(), 0);
}

function get(target: string, headers: Readonly<Record<string, string>> = {}): string {
  return requestHead('GET', target, { connection: 'close', ...headers });
}

const dots = [
  '..',
  '.',
  '%2e%2e',
  '%2E%2e',
  '.%2e',
  '..%2f..',
  '..%2F..',
  '%2e%2e%2f',
  '%252e%252e',
  '%252e%252e%252f',
  '..%5c',
  '..\\',
  '..%00',
  '%00',
  '..;',
  '....//',
  '%c0%ae%c0%ae',
  '%c0%af',
  '%e0%80%ae',
  '%f0%80%80%ae',
  '\xc0\xae\xc0\xae',
  '%uff0e%uff0e',
  '%ef%bc%8e%ef%bc%8e',
];

test('a way out of the store is found in no spelling', async (t) => {
  const stage = await startGuarded(t);
  for (const up of dots) {
    for (const slash of ['/', '//', '%2f', '%252f', '\\', '%5c', '/./']) {
      const way = `${up}${slash}`.repeat(3);
      for (const target of [
        `/${way}canary`,
        `/v2/${way}canary`,
        `/v2/${way}etc/passwd/manifests/latest`,
        `/v2/library/${way}canary/manifests/3.20`,
        `/v2/library/alpine/manifests/${way}canary`,
        `/v2/library/alpine/blobs/${way}canary`,
        `/v2/library/alpine/blobs/sha256:${way}canary`,
        `/v2/library/alpine/blobs/sha256/${way}canary`,
        `/v2/library/alpine/referrers/${way}canary`,
        `/v2/${way}tags/list`,
        `/v2/library/alpine/manifests/3.20?ns=${way}canary`,
      ]) {
        await assertRefused(stage, get(target));
      }
    }
  }
  await assertUnharmed(stage);
});

test('an address in the place of a path leads nowhere', async (t) => {
  const stage = await startGuarded(t);
  const { registryUrl } = stage.hub;
  for (const target of [
    `${registryUrl}${manifestPath('3.20')}`,
    `http://docker.io${manifestPath('3.20')}`,
    'https://169.254.169.254/latest/meta-data/',
    'file:///etc/passwd',
    '//evil.example/v2/',
    '*',
    'v2/',
    '?ns=docker.io',
    'evil.example:443',
    `/v2/${registryUrl}/manifests/latest`,
    `/v2/library/alpine/manifests/3.20?ns=${registryUrl}`,
    `/v2/library/alpine/manifests/3.20?ns=${encodeURIComponent(registryUrl)}`,
  ]) {
    await assertRefused(stage, get(target));
  }
  await assertRefused(stage, requestHead('CONNECT', 'evil.example:443'));
  await assertRefused(stage, requestHead('OPTIONS', '*', { connection: 'close' }));
  await assertUnharmed(stage);
});

test('malformed and over-long names, tags and digests are refused', async (t) => {
  const stage = await startGuarded(t);
  const names = [
    'A',
    '_',
    '-',
    '.',
    'a..b',
    'a___b',
    'a--',
    'a b',
    'a:b',
    'a@b',
    '%00',
    '%0d%0a',
    '%',
  ];
  const long = ['x'.repeat(256), 'x/'.repeat(200), 'x'.repeat(30_000), '/'.repeat(30_000)];
  for (const name of [
    ...names,
    ...long,
    'café',
    '\xff',
    '%ff',
    '%f0%9f%92%a9',
    '*',
    '$(id)',
    '<a>',
  ]) {
    await assertRefused(stage, get(`/v2/library/${name}/manifests/3.20`));
    await assertRefused(stage, get(`/v2/${name}/tags/list`));
  }
  for (const tag of [
    '-a',
    '.a',
    'a b',
    'a%20b',
    'a*b',
    'x'.repeat(129),
    'x'.repeat(30_000),
    '%00',
    '',
    '@',
    'ä',
  ]) {
    await assertRefused(stage, get(`/v2/library/alpine/manifests/${tag}`));
  }
  const hex = '0'.repeat(64);
  for (const bad of [
    'sha256:',
    `sha256:${'0'.repeat(63)}`,
    `sha256:${'0'.repeat(65)}`,
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'g'.repeat(64)}`,
    `SHA256:${hex}`,
    `sha384:${'0'.repeat(96)}`,
    `md5:${'0'.repeat(32)}`,
    `sha256:${hex}:`,
    `sha256::${hex}`,
    `sha256:${hex}%00`,
    `sha256:${hex}%0a`,
    `sha256+b64:${hex}`,
    `__proto__:${hex}`,
    `constructor:${hex}`,
    `sha256:${'0'.repeat(30_000)}`,
  ]) {
    for (const noun of ['manifests', 'blobs', 'referrers']) {
      await assertRefused(stage, get(`/v2/library/alpine/${noun}/${bad}`));
    }
  }
  await assertUnharmed(stage);
});

test('an absurd range is answered with 416 or the whole', async (t) => {
  const stage = await startGuarded(t);
  const { small, large, mirror } = stage;
  for (const range of [
    'bytes=99999999999999999999-',
    'bytes=99999999999999999999-99999999999999999999',
    'bytes=0-99999999999999999999,1-1',
    'bytes=--1',
    'bytes=-',
    'bytes=a-b',
    'bytes=0x0-0x10',
    'bytes=1e3-',
    'bytes=-0',
    'bytes=5-1',
    'bytes= 0 - 1',
    'bytes',
    '=',
    'BYTES=--',
    `bytes=${'0-0,'.repeat(5000)}0-0`,
    `bytes=${'9'.repeat(20_000)}-`,
    `bytes=${','.repeat(20_000)}`,
    `bytes=${' '.repeat(20_000)}x`,
  ]) {
    for (const blob of [small, large]) {
      const bytes = get(blobPath(blob.digest), { range });
      const reply = await exchangeRaw({ port: mirror.port, bytes });
      const { status, body } = readAnswer(reply.bytes, reply.end);
      assert.ok(status === 200 || status === 416, `${status} for ${range.slice(0, 60)}`);
      if (status === 200) assert.ok(body.equals(blobBytes(blob)));
    }
  }
  await assertUnharmed(stage);
});

function manyHeaders(count: number, value: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, value]));
}

test('floods of headers are refused or of no consequence', async (t) => {
  const stage = await startGuarded(t);
  await assertRefused(stage, get('/v2/', manyHeaders(20_000, 'x')));
  await assertRefused(stage, get('/v2/', manyHeaders(40, 'x'.repeat(1000))));
  await assertRefused(stage, get('/v2/', { cookie: 'x'.repeat(10_000_000) }));
  await assertRefused(stage, get(`/v2/?${'a&'.repeat(1_000_000)}`));
  const { status } = await stage.ask('GET', '/v2/', manyHeaders(500, ''));
  assert.equal(status, 200);
  for (const name of ['if-none-match', 'accept', 'range', 'authorization', 'expect', 'upgrade']) {
    const long = await stage.ask('GET', manifestPath('3.20'), { [name]: '"x",'.repeat(7000) });
    assert.equal(long.status, 200, name);
  }
  await assertUnharmed(stage);
});

test('a body where none belongs, or of two lengths, is refused', async (t) => {
  const stage = await startGuarded(t);
  const target = manifestPath('3.20');
  for (const framing of [
    'Content-Length: 5',
    'Content-Length: 99999999999999999999',
    'Content-Length: -1',
    'Content-Length: 5, 5',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: 0x5',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: gzip',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding:\x0bchunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 5',
    ' Content-Length: 5',
    'Content-Length: 5\r\n folded: x',
  ]) {
    for (const method of ['GET', 'HEAD', 'PUT']) {
      const head = `${method} ${target} HTTP/1.1\r\nHost: a\r\n${framing}\r\nConnection: close\r\n\r\n`;
      await assertRefused(stage, `${head}0\r\n\r\nGET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    }
  }
  await assertUnharmed(stage);
});

test('what is no HTTP is refused', async (t) => {
  const stage = await startGuarded(t);
  const target = manifestPath('3.20');
  for (const bytes of [
    `get ${target} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET ${target} HTTP/0.9\r\nHost: a\r\nConnection: close\r\n\r\n`,
    `GET ${target} HTTP/1.2\r\nHost: a\r\n\r\n`,
    `GET ${target} HTTP/2.0\r\nHost: a\r\n\r\n`,
    `GET ${target} HTTP/11\r\nHost: a\r\n\r\n`,
    `GET ${target} http/1.1\r\nHost: a\r\n\r\n`,
    `GET ${target} HTTP/1.1 x\r\nHost: a\r\n\r\n`,
    `GET ${target}\tHTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET${target} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET ${target} HTTP/1.1\nHost: a\n\n`,
    `GET ${target} HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n`,
    `GET ${target} HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n`,
    `GET ${target} HTTP/1.1\r\nHost: a\r\nX\x00: b\r\n\r\n`,
    `FROBNICATE ${target} HTTP/1.1\r\nHost: a\r\n\r\n`,
    '\r\n\r\n\r\n\r\nx',
    'SSH-2.0-OpenSSH_9.2\r\n',
    'EHLO mirror\r\n',
    Buffer.from('16030100c8010000c40303', 'hex'),
    Buffer.from([4, 1, 0, 80, 127, 0, 0, 1, 0]),
    Buffer.from([0xff, 0xfe, 0xfd, 0, 0, 13, 10, 13, 10]),
    Buffer.alloc(100_000, 0x41),
  ]) {
    await assertRefused(stage, bytes);
  }
  await assertUnharmed(stage);
});

test('requests cut off anywhere do no harm', async (t) => {
  const stage = await startGuarded(t);
  const whole = get(manifestPath('3.20'), { range: 'bytes=0-1', accept: '*/*' });
  for (let length = 0; length < whole.length - 1; length += 1) {
    const connection = await openRawConnection(stage.mirror.port);
    connection.socket.end(Buffer.from(whole.slice(0, length), 'latin1'));
    const end = await connection.ended;
    const { status } = readAnswer(connection.received(), end);
    assert.ok(status === 400 || (status === 0 && length === 0), `${status} after ${length} bytes`);
  }
  await assertUnharmed(stage);
});
