import assert from 'node:assert/strict';
import { mkdir, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fixedBlob, generatedBlob } from '../support/blobContent.ts';
import type { Account } from '../support/hub/accounts.ts';
import type { RecordedRequest } from '../support/hub/recorder.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage, type SingleImage } from '../support/images.ts';
import { lastFirst } from '../support/lifetime.ts';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { startMirrorProcess } from './mirrorProcess.ts';
import { getManifest, pullBlob, type Served } from './pulls.ts';

const oldToken = markedSecret('dckr_pat_old');
const newToken = markedSecret('dckr_pat_new');
const account: Account = { username: 'acme', password: oldToken, plan: 'paid' };
const clients = 32;
const warm = buildImage({ seed: 'warm', layers: [fixedBlob('a layer that is held')] });

/** A file with the old token, and how the new one gets into it. */
interface TokenFile {
  readonly path: string;
  /** `goOn` lets so many tags be checked meanwhile. */
  replace(goOn: (checks: number) => Promise<void>): Promise<void>;
}

/** In two steps, as any plain write: while the pulls go on the file is empty for a moment. */
async function overwritten(directory: string): Promise<TokenFile> {
  const path = join(directory, 'token');
  await writeFile(path, oldToken);
  return {
    path,
    replace: async (goOn) => {
      const file = await open(path, 'w');
      await goOn(clients);
      await file.writeFile(`${newToken}\n`);
      await file.close();
    },
  };
}

async function renamedOver(directory: string): Promise<TokenFile> {
  const path = join(directory, 'token');
  await writeFile(path, oldToken);
  return {
    path,
    replace: async () => {
      await writeFile(`${path}.new`, newToken);
      await rename(`${path}.new`, path);
    },
  };
}

/** The kubelet's AtomicWriter: the file is a link into `..data`, itself a link that is replaced by renaming. */
async function swappedByKubernetes(directory: string): Promise<TokenFile> {
  const put = async (version: string, token: string) => {
    await mkdir(join(directory, version));
    await writeFile(join(directory, version, 'token'), token);
    await symlink(version, join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
  };
  await put('..2026_01_01', oldToken);
  await symlink(join('..data', 'token'), join(directory, 'token'));
  return {
    path: join(directory, 'token'),
    replace: async () => {
      await put('..2026_01_02', newToken);
      await rm(join(directory, '..2026_01_01'), { recursive: true });
    },
  };
}

/** A Hub with the account, and a mirror that has its token from the file and asks about each tag. */
async function start(t: TestContext, makeFile: (directory: string) => Promise<TokenFile>) {
  const lifetime = lastFirst(t);
  const file = await makeFile(await temporaryDirectory(lifetime));
  const hub = await startHub(lifetime, { accounts: [account] });
  hub.addImage('library/warm', warm, { tags: ['latest'] });
  const mirror = await startMirrorProcess(lifetime, hub, {
    settings: { access: { private: 'allow' } },
    upstreamSettings: {
      tagFreshness: '0',
      accounts: [{ username: account.username, tokenFile: file.path }],
    },
  });
  await pull(mirror, 'library/warm', 'latest', warm);
  return { file, hub, mirror };
}

async function pull(mirror: Served, repository: string, tag: string, image: SingleImage) {
  const { status, bytes } = await getManifest(mirror, repository, tag);
  assert.equal(status, 200);
  assert.deepEqual(bytes, image.manifest.bytes);
  await Promise.all(image.blobs.map((blob) => pullBlob(mirror, repository, blob)));
}

/** Clients that pull what is held and what nobody has pulled before, in turn, until told to stop. */
function pullOn(hub: ScriptedHub, mirror: Served) {
  let images = 0;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const pullOnce = async (): Promise<void> => {
    await pull(mirror, 'library/warm', 'latest', warm);
    const tag = `v${++images}`;
    const image = buildImage({ seed: tag, layers: [generatedBlob({ size: 20_000, seed: tag })] });
    hub.addImage('library/cold', image, { tags: [tag] });
    await pull(mirror, 'library/cold', tag, image);
  };
  const client = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const one = pullOnce();
      underWay.add(one);
      await one;
      underWay.delete(one);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  const stop = async (): Promise<void> => {
    stopping.abort();
    await all;
  };
  /** Settles after so many more checks of a tag upstream; rejects when a pull fails. */
  const goOn = async (checks: number): Promise<void> => {
    const filter = { operation: 'manifest_head' } as const;
    await Promise.race([hub.waitFor(filter, hub.count(filter) + checks), all]);
  };
  /** Settles when those pulls are over that are under way now. */
  const settle = async (): Promise<void> => {
    await Promise.all(underWay);
  };
  return { goOn, settle, stop };
}

function basic(token: string): string {
  return `Basic ${Buffer.from(`${account.username}:${token}`).toString('base64')}`;
}

/** How often somebody logged in with the token, by what was asked for. */
function logIns(requests: readonly RecordedRequest[], token: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { headers, query } of requests) {
    if (headers.authorization !== basic(token)) continue;
    const scopes = query.getAll('scope').join(' ');
    counts[scopes] = (counts[scopes] ?? 0) + 1;
  }
  return counts;
}

const eachScopeOnce = { 'repository:library/cold:pull': 1, 'repository:library/warm:pull': 1 };

describe('while 32 clients pull, the old token is revoked and no pull fails when the token file is', () => {
  for (const [how, makeFile] of [
    ['overwritten', overwritten],
    ['replaced by renaming another over it', renamedOver],
    ['swapped the way of Kubernetes', swappedByKubernetes],
  ] as const) {
    test(how, async (t) => {
      const { file, hub, mirror } = await start(t, makeFile);
      const pulls = pullOn(hub, mirror);
      await pulls.goOn(3 * clients);
      assert.deepEqual(logIns(hub.requests, oldToken), eachScopeOnce);
      const before = hub.requests.length;
      hub.addSecret(account.username, newToken);
      await file.replace(pulls.goOn);
      await pulls.settle();
      const settled = hub.requests.length;
      await pulls.goOn(clients);
      hub.revokeSecret(account.username, oldToken);
      hub.revokeTokens(oldToken);
      await pulls.goOn(3 * clients);
      await pulls.stop();
      assert.deepEqual(logIns(hub.requests, newToken), eachScopeOnce);
      const used = hub.requests.slice(0, before).map(({ headers }) => headers.authorization);
      const old = new Set(used.filter((authorization) => authorization !== undefined));
      assert.equal(old.size, 3, 'the old token itself, and what it gave for each scope');
      const late = hub.requests.slice(settled);
      const withOld = late.filter(({ headers }) => old.has(headers.authorization ?? ''));
      assert.equal(withOld.length, 0);
    });
  }
});

test('a log-in that was under way with the old token when that was revoked is made again with the new one', async (t) => {
  const { file, hub, mirror } = await start(t, renamedOver);
  const image = buildImage({ seed: 'cold', layers: [fixedBlob('another layer')] });
  hub.addImage('library/cold', image, { tags: ['latest'] });
  const held = hub.fault({ at: 'token', delayHeaders: 'hold', times: 1 });
  const pulled = pull(mirror, 'library/cold', 'latest', image);
  await hub.waitFor({ operation: 'token', repository: 'library/cold' });
  hub.addSecret(account.username, newToken);
  await file.replace(() => Promise.resolve());
  hub.revokeSecret(account.username, oldToken);
  held.release();
  await pulled;
  assert.deepEqual(logIns(hub.requests, newToken), { 'repository:library/cold:pull': 1 });
});
