import { request } from 'undici';
import type { LargeStoreMirror } from './largeStoreMirror.ts';
import { watch, type Watched } from './largeStoreWatch.ts';

const verified = 10_000;

/** Says in a line how long clients waited while something was done. */
export function describeWatched(
  what: string,
  { seconds, longestAnswer, answers, longestLag }: Watched,
): string {
  return (
    `${what}: ${seconds.toFixed(2)} s; longest wait of ${answers} answers ${longestAnswer.toFixed(0)} ms, ` +
    `of the event loop ${longestLag.toFixed(0)} ms`
  );
}

/** Asks the API for something and throws the answer away as it comes; gives its last line. */
async function askApi(
  { opsUrl }: LargeStoreMirror,
  method: 'GET' | 'POST',
  path: string,
  wanted?: object,
): Promise<string> {
  const body = wanted === undefined ? {} : { body: JSON.stringify(wanted) };
  const headers = wanted === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await request(`${opsUrl}/api/v1/${path}`, { method, headers, ...body });
  let tail = '';
  for await (const chunk of answer.body) tail = (tail + String(chunk)).slice(-2000);
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${tail}`);
  return tail;
}

/** Has so many blobs verified, and then leaves. */
async function verifySome({ opsUrl }: LargeStoreMirror): Promise<void> {
  const leaving = new AbortController();
  const answer = await fetch(`${opsUrl}/api/v1/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ restart: true }),
    signal: leaving.signal,
  });
  if (!answer.ok || answer.body === null) throw new Error(`verify: ${answer.status}`);
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    const blobs = /"blobs":(\d+)/.exec(chunk)?.[1];
    if (Number(blobs) >= verified) break;
  }
  leaving.abort();
}

/** Has a mirror do all kinds of upkeep, one after the other, while a client asks for a path. */
export async function measureUpkeep(
  mirror: LargeStoreMirror,
  path: string,
  say: (line: string) => void,
): Promise<void> {
  const at = { url: mirror.url, opsUrl: mirror.opsUrl, path };
  const measured = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const watched = await watch(at, async () => {
      await work();
    });
    say(describeWatched(what, watched));
  };
  await measured('nothing, for a second', () => new Promise((done) => setTimeout(done, 1000)));
  await measured('ls', () => askApi(mirror, 'GET', 'images'));
  await measured('du', () => askApi(mirror, 'GET', 'usage'));
  await measured(`verify of ${verified} blobs, and a few more`, () => verifySome(mirror));
  await measured('purge of a repository', () =>
    askApi(mirror, 'POST', 'purge', { images: ['team-1/service-1'], dryRun: false }),
  );
  await measured('gc', () => askApi(mirror, 'POST', 'gc', { dryRun: false }));
}
