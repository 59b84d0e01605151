import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { blobBytes, generatedBlob, type BlobContent } from '../support/blobContent.ts';
import { buildImage } from '../support/images.ts';
import { assertErrorBody, readAnswers, type StreamedAnswer } from './answerStream.ts';
import { descriptorCount } from './descriptorCount.ts';
import { Dice } from './dice.ts';
import { eventually } from './eventually.ts';
import {
  framedRequest,
  smuggledPath,
  unframedRequest,
  type HostileRequest,
} from './hostileRequests.ts';
import { serveWith, type SecondServer } from './secondServer.ts';
import { blobPath, manifestPath, startStage, type Stage } from './stage.ts';
import { requestHead, wireClient } from './wireAnswer.ts';

// Another seed, or a longer run: FUZZ_SEED=7 FUZZ_REQUESTS=500000 node --test test/http/fuzz.trial.ts
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
const lanes = 48;
const coldBlobs = 40;
const canary = 'a canary that no answer may contain';
// Longer than anything takes but a server that waits for what will never come.
const patience = 30_000;

// What an upstream may be asked for: names, tags and digests of the specification, and nothing else.
const soundPath =
  /^\/v2\/(?:(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\/)+(?:manifests|blobs|referrers|tags)\/(?:\w[\w.-]{0,127}|sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/;

/** What a client does once it has sent its requests. */
type Ending = 'ask for the end' | 'truncate and FIN' | 'truncate and RST' | 'leave while reading';

interface Exchange {
  readonly requests: readonly HostileRequest[];
  readonly ending: Ending;
  readonly bytes: Buffer;
  /** Where the client pauses, so that what it sends comes in two pieces. */
  readonly pause: number;
}

/** The stage, with what is held and what is not, and a server of which the connections can be counted. */
interface Target {
  readonly stage: Stage;
  readonly server: SecondServer;
  readonly cold: readonly BlobContent[];
  readonly contents: ReadonlyMap<string, Buffer>;
}

async function startTarget(t: TestContext): Promise<Target> {
  const stage = await startStage(t, { largeSize: 300_000 });
  const { hub, mirror, image, large, small } = stage;
  const cold = Array.from({ length: coldBlobs }, (_, at) =>
    generatedBlob({ size: 100_000, seed: `cold ${at}` }),
  );
  hub.addImage('library/cold', buildImage({ layers: cold }), { tags: ['1'] });
  hub.fault({ at: 'blob_body', slow: { bytesPerSecond: 1_000_000 } });
  for (const place of ['', 'v1', join('v1', 'blobs')]) {
    await writeFile(join(mirror.directory, place, 'canary'), canary);
  }
  await stage.ask('GET', manifestPath('3.20'));
  for (const blob of image.blobs) await stage.hold(blob);
  const blobs = [image.config, small, large, ...cold];
  const contents = new Map<string, Buffer>(blobs.map((blob) => [blob.digest, blobBytes(blob)]));
  contents.set(image.manifest.digest, image.manifest.bytes);
  return { stage, server: await serveWith(t, stage), cold, contents };
}

/** What is asked for, before anything is made wrong with it; one blob after the other is a cold one. */
function targetsAt({ stage, cold }: Target, progress: number): string[] {
  const { image, small, large } = stage;
  const next = cold[Math.floor(progress * cold.length)];
  return [
    '/v2/',
    manifestPath('3.20'),
    manifestPath(image.manifest.digest),
    blobPath(small.digest),
    blobPath(small.digest),
    blobPath(large.digest),
    `/v2/library/cold/blobs/${next?.digest}`,
    `/v2/library/alpine/referrers/${image.manifest.digest}`,
    '/v2/library/alpine/tags/list',
    '/v2/docker.io/library/alpine/manifests/3.20',
  ];
}

/** `progress` is how much of all has been sent: from 0 to 1. */
function exchangeAt(target: Target, index: number, progress: number): Exchange {
  const dice = new Dice(Math.imul(seed, 0x9e3779b1) + index);
  const targets = targetsAt(target, Math.min(0.999, progress));
  const unframed = dice.chance(0.4);
  // What is no HTTP ends the answers before it too: where it is sent, few others are.
  const framedCount = unframed ? dice.below(2) : 1 + dice.below(5);
  const requests = Array.from({ length: framedCount }, () => framedRequest(targets, dice));
  if (unframed) requests.push(unframedRequest(targets, dice));
  const ending = endingOf(dice, unframed);
  const text = requests.map(({ bytes }) => bytes).join('');
  const whole = Buffer.from(
    ending === 'ask for the end'
      ? text + requestHead('GET', '/v2/', { connection: 'close' })
      : text,
    'latin1',
  );
  const cut = ending.startsWith('truncate') ? dice.below(whole.length) : whole.length;
  const bytes = whole.subarray(0, cut);
  return { requests, ending, bytes, pause: dice.below(bytes.length + 1) };
}

/** Who waits for the answer to half a request waits for the server's patience to end. */
function endingOf(dice: Dice, unframed: boolean): Ending {
  if (dice.chance(0.6)) return 'ask for the end';
  if (!unframed && dice.chance(0.3)) return 'leave while reading';
  return dice.pick(['truncate and FIN', 'truncate and RST']);
}

/** Sends all of it and resolves with what came back by the end of the connection. */
async function perform(port: number, { bytes, pause, ending }: Exchange): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const pieces: Buffer[] = [];
  // A reset is one of the ways in which a connection may end here.
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.setTimeout(patience, () => socket.destroy(new Error('no end came')));
  const timedOut = once(socket, 'timeout').then(() => {
    throw new Error('the server neither answered nor ended the connection');
  });
  timedOut.catch(() => {});
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    if (ending === 'leave while reading') socket.resetAndDestroy();
  });
  socket.write(bytes.subarray(0, pause));
  await setImmediate();
  socket.write(bytes.subarray(pause), () => finish(socket, ending));
  await Promise.race([closed, timedOut]);
  return Buffer.concat(pieces);
}

function finish(socket: Socket, ending: Ending): void {
  if (ending === 'truncate and FIN') socket.end();
  if (ending === 'truncate and RST') socket.resetAndDestroy();
  if (ending === 'leave while reading' && socket.bytesRead > 0) socket.resetAndDestroy();
}

/** Whether what came back is what such requests deserve. */
function assertAnswers(target: Target, exchange: Exchange, bytes: Buffer): StreamedAnswer[] {
  assert.ok(!bytes.includes(canary), 'the canary');
  const { requests, ending } = exchange;
  const unframed = requests.findIndex(({ framed }) => !framed);
  const known = unframed === -1 ? requests : requests.slice(0, unframed);
  const methods = known.map(({ method }) => method);
  const answers = readAnswers(bytes, methods);
  for (const answer of answers) assertAnswer(target, answer);
  if (unframed === -1 && ending === 'ask for the end') {
    const last = answers.at(-1);
    assert.equal(last?.headers['connection'], 'close');
    assert.ok(!answers.some(({ short }) => short), 'a short answer');
    const closer = requests[answers.length - 1];
    if (last.status !== 400 && !closer?.closes) assert.equal(answers.length, requests.length + 1);
  }
  return answers;
}

function assertAnswer({ contents }: Target, answer: StreamedAnswer): void {
  const { status, headers, body, short } = answer;
  assert.ok(status >= 200 && status < 500, `${status} ${body.toString()}`);
  if (status >= 400) assertErrorBody(answer);
  const content = contents.get(headers['docker-content-digest'] ?? '');
  if (content === undefined || body.length === 0 || status >= 400) return;
  const [, start = '0'] = /^bytes (\d+)-/.exec(headers['content-range'] ?? '') ?? [];
  const expected = content.subarray(Number(start), Number(start) + body.length);
  assert.ok(body.equals(expected), 'other bytes');
  if (status === 200 && !short) assert.equal(body.length, content.length);
}

/** What the process says beside all answers: a listener too many, a rejection that nobody handles. */
function recordComplaints(t: TestContext): unknown[] {
  const complaints: unknown[] = [];
  const record = (complaint: unknown): void => {
    complaints.push(complaint);
  };
  const events = ['warning', 'uncaughtExceptionMonitor', 'unhandledRejection'];
  for (const event of events) process.on(event, record);
  t.after(() => {
    for (const event of events) process.off(event, record);
  });
  return complaints;
}

/**
 * Sends so many malformed requests: they end in no 5xx, no crash and no open descriptor, and among the answers
 * are so many of each status that there should be. Works where descriptors can be counted.
 */
export async function fuzz(
  t: TestContext,
  { requests, ofEach }: { readonly requests: number; readonly ofEach: number },
): Promise<void> {
  const requestCount = Number(process.env['FUZZ_REQUESTS'] ?? requests);
  const target = await startTarget(t);
  const { stage, server, cold } = target;
  const complaints = recordComplaints(t);
  await stage.hub.idle();
  const before = descriptorCount();
  const statuses = new Map<number, number>();
  let exchanges = 0;
  let sent = 0;
  const run = async (): Promise<void> => {
    while (sent < requestCount) {
      const index = exchanges++;
      const exchange = exchangeAt(target, index, sent / requestCount);
      sent += exchange.requests.length;
      for (const { status } of await answersOf(target, exchange, index)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, run));
  t.diagnostic(`seed ${seed}: ${sent} requests on ${exchanges} connections`);
  t.diagnostic(
    JSON.stringify(Object.fromEntries([...statuses].toSorted(([one], [other]) => one - other))),
  );
  for (const status of [200, 206, 304, 400, 404, 405, 416, 431]) {
    assert.ok((statuses.get(status) ?? 0) >= ofEach, `too few answers of ${status}`);
  }
  assert.deepEqual(complaints, []);
  assert.ok(server.finished.every(({ path }) => path !== smuggledPath));
  await assertAsBefore(target, before);
  for (const { digest } of cold) {
    assert.ok(stage.hub.count({ operation: 'cdn_get', reference: digest }) <= 1);
  }
}

/** Sends it and looks at what comes back; an error says how to have the same again. */
async function answersOf(
  target: Target,
  exchange: Exchange,
  index: number,
): Promise<readonly StreamedAnswer[]> {
  try {
    return assertAnswers(target, exchange, await perform(target.server.port, exchange));
  } catch (cause) {
    const sentBytes = JSON.stringify(exchange.bytes.toString('latin1'));
    const where = `FUZZ_SEED=${seed}, exchange ${index}, then ${exchange.ending}`;
    throw new Error(`${where}: ${String(cause)}\nsent: ${sentBytes}`, { cause });
  }
}

/** Whether nothing is left over, and what is held is still served. */
async function assertAsBefore({ stage, server }: Target, descriptors: number): Promise<void> {
  const { hub, mirror, image, small, large } = stage;
  await eventually('all fills are over', () => mirror.mirror.fills.count === 0);
  await eventually('no connection is left', () => server.connections.size === 0);
  await eventually('no descriptor is left', () => descriptorCount() <= descriptors);
  const asked = hub.requests.filter(({ origin }) => origin === 'registry');
  const unsound = asked.map(({ path }) => path).filter((path) => !soundPath.test(path));
  assert.deepEqual(unsound, []);
  hub.forget();
  const ask = wireClient(server.port);
  assert.deepEqual((await ask('GET', manifestPath('3.20'))).body, image.manifest.bytes);
  for (const blob of [small, large]) {
    assert.deepEqual((await ask('GET', blobPath(blob.digest))).body, blobBytes(blob));
  }
  assert.equal(hub.count(), 0);
}
