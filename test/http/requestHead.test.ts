import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeRaw } from '../support/rawSocket.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { manifestPath, startStage } from './stage.ts';
import { readAnswer, requestHead, type WireAnswer } from './wireAnswer.ts';

/** The answer to a head of which every line is given. */
async function send(port: number, ...lines: string[]): Promise<WireAnswer> {
  const bytes = [...lines, '', ''].join('\r\n');
  const reply = await exchangeRaw({ port, bytes });
  return readAnswer(reply.bytes, reply.end);
}

test('a request needs one Host, by HTTP/1.0 none', async (t) => {
  const { mirror } = await startStage(t);
  const close = 'Connection: close';
  for (const hosts of [[], ['Host: a', 'Host: b'], ['Host: a', 'Host: a']]) {
    const answer = await send(mirror.port, 'GET /v2/ HTTP/1.1', ...hosts, close);
    assertRegistryError(answer, 400, 'REQUEST_INVALID', hosts.join());
  }
  for (const [version, ...hosts] of [
    ['1.1', 'Host: any.name:1'],
    ['1.1', 'Host:'],
    ['1.0'],
    ['1.0', 'Host: a'],
  ]) {
    const answer = await send(mirror.port, `GET /v2/ HTTP/${version}`, ...hosts, close);
    assert.equal(answer.status, 200, `${version} ${hosts.join()}`);
  }
});

test('a request of another version of HTTP is refused', async (t) => {
  const { mirror } = await startStage(t);
  for (const version of ['0.9', '1.2', '2.0', '3.0']) {
    const answer = await send(
      mirror.port,
      `GET /v2/ HTTP/${version}`,
      'Host: a',
      'Connection: close',
    );
    assertRegistryError(answer, 400, 'REQUEST_INVALID', version);
    assert.equal(answer.end, 'fin');
  }
});

test('a request for content that announces a body is refused and the connection closed', async (t) => {
  const { hub, mirror } = await startStage(t);
  for (const framing of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
    for (const method of ['GET', 'HEAD']) {
      const head = `${method} ${manifestPath('3.20')} HTTP/1.1`;
      const answer = await send(mirror.port, head, 'Host: a', framing);
      assert.equal(answer.status, 400);
      assert.equal(answer.headers['connection'], 'close');
      assert.equal(answer.end, 'fin');
      if (method === 'GET') assertRegistryError(answer, 400, 'REQUEST_INVALID');
    }
  }
  assert.equal(hub.count(), 0);
});

test('a request inside a refused body is not taken for one', async (t) => {
  const { mirror } = await startStage(t);
  const smuggled = 'GET /v2/smuggled/tags/list HTTP/1.1\r\nHost: a\r\n\r\n';
  const size = smuggled.length;
  for (const [framing, body] of [
    [`Content-Length: ${size}`, smuggled],
    ['Transfer-Encoding: chunked', `${size.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`],
  ] as const) {
    for (const method of ['GET', 'PUT']) {
      const reply = await sendWithBody(mirror.port, method, framing, body);
      assert.equal(reply.match(/HTTP\/1\.1 /g)?.length, 1);
    }
  }
  assert.ok(mirror.finished.every(({ path }) => path === '/v2/a/manifests/b'));
});

test('a request behind a refused body is not answered', async (t) => {
  const { mirror } = await startStage(t);
  const next = 'GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const [framing, body] of [
    ['Content-Length: 3', `abc${next}`],
    ['Transfer-Encoding: chunked', `3\r\nabc\r\n0\r\n\r\n${next}`],
  ] as const) {
    for (const method of ['GET', 'PUT']) {
      const reply = await sendWithBody(mirror.port, method, framing, body);
      assert.equal(reply.match(/HTTP\/1\.1 /g)?.length, 1);
    }
  }
});

/** All that comes back, until the far side ends the connection. */
async function sendWithBody(
  port: number,
  method: string,
  framing: string,
  body: string,
): Promise<string> {
  const bytes = `${method} /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${body}`;
  const reply = await exchangeRaw({ port, bytes });
  assert.equal(reply.end, 'fin');
  return reply.bytes.toString('latin1');
}

test('a request that wants another protocol is answered in this one, and is the last', async (t) => {
  const { mirror } = await startStage(t);
  for (const upgrade of ['h2c', 'websocket']) {
    const wanting = requestHead('GET', '/v2/', { connection: 'upgrade', upgrade });
    const bytes = wanting + requestHead('GET', '/v2/');
    const reply = await exchangeRaw({ port: mirror.port, bytes });
    const answer = readAnswer(reply.bytes, reply.end);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['connection'], 'close');
    assert.equal(answer.body.toString(), '{}');
    assert.equal(answer.end, 'fin');
  }
});

test('a body of no bytes is no body', async (t) => {
  const { mirror, image } = await startStage(t);
  const head = `GET ${manifestPath('3.20')} HTTP/1.1`;
  const answer = await send(
    mirror.port,
    head,
    'Host: a',
    'Content-Length: 0',
    'Content-Type: application/json',
    'Connection: close',
  );
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, image.manifest.bytes);
});
