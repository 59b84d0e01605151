import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { tokenFile } from '../../src/upstream/credentials/tokenFile.ts';
import { paidAccount } from '../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { openHub, reference, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');
const { username, password } = paidAccount;
const next = markedSecret('dckr_oat_next');

/** An upstream with an account whose token is in a file; `write` replaces it as a whole. */
async function openWithFile(t: Lifetime, hub: ScriptedHub, first: string) {
  hub.addImage('library/alpine', buildImage({ seed: 'alpine' }), { tags: ['latest'] });
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'token');
  const write = async (secret: string): Promise<void> => {
    await writeFile(`${path}.new`, `${secret}\n`);
    await rename(`${path}.new`, path);
  };
  await write(first);
  const credential = tokenFile({ username, path, failed: assert.fail });
  const accounts = [{ name: username, repositories: undefined, credential }];
  const { upstream } = openHub(t, hub, { accounts, now: manualClock() });
  return { write, head: () => upstream.headManifest(alpine, latest) };
}

for (const auth of ['bearer', 'basic'] as const) {
  describe(`a token file that is replaced, at a registry with ${auth} log-in`, () => {
    test('counts from the next request on: nothing is asked with the old secret or its tokens', async (t) => {
      const hub = await startHub(t, { auth });
      const { write, head } = await openWithFile(t, hub, password);
      await head();
      const refusals = hub.count({ status: 401 });
      hub.addSecret(username, next);
      await write(next);
      hub.revokeSecret(username, password);
      hub.revokeTokens(password);
      await head();
      assert.equal(hub.count({ status: 401 }), refusals);
    });

    test('lifts what a refused log-in had set aside, at once', async (t) => {
      const hub = await startHub(t, { auth });
      const { write, head } = await openWithFile(t, hub, markedSecret('wrong'));
      await rejection(head());
      const refusals = hub.count({ status: 401 });
      await rejection(head());
      assert.equal(hub.count({ status: 401 }), refusals, 'it is set aside');
      await write(password);
      await head();
    });
  });
}

test('what is written anew without a change costs no second log-in', async (t) => {
  const hub = await startHub(t);
  const { write, head } = await openWithFile(t, hub, password);
  await head();
  await write(password);
  await head();
  assert.equal(hub.count({ operation: 'token' }), 1);
});
