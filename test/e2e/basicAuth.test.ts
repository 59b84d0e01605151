import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markedSecret } from '../support/secretMark.ts';
import { busyboxImage } from './support/images.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { prepareSkopeo } from './support/skopeo.ts';
import { onStage, type Stage } from './support/stage.ts';

const skip = unlessInstalled(['docker-registry', 'htpasswd', 'skopeo', 'busybox']);
const wrongPassword = markedSecret('the-wrong-password');
const login = { username: 'acme', password: markedSecret('the-right-password') };
const account = { username: login.username, token: login.password };
const busybox = 'docker.io/library/busybox:1.35';

test(
  'an upstream that demands a Basic log-in is mirrored with the account of the configuration',
  { skip },
  onStage(
    async (stage) => {
      const image = await pushBusybox(stage);
      const skopeo = await prepareSkopeo(stage.client);
      await skopeo.pull(busybox);
      await skopeo.assertHolds(busybox, image);
      const before = [...stage.upstream.requests];
      await skopeo.forget(busybox);
      await skopeo.pull(busybox);
      assert.deepEqual(stage.upstream.requests, before);
      assertKeepsSecret(stage);
    },
    { login, mirror: { account, allowPrivate: true } },
  ),
);

test(
  'what the upstream gives to the account alone looks as if it didn’t exist, unless private access is allowed',
  { skip },
  onStage(
    async (stage) => {
      await pushBusybox(stage);
      const answer = await fetch(`${stage.mirror.url}/v2/library/busybox/manifests/1.35`);
      assert.equal(answer.status, 404);
      const { errors } = (await answer.json()) as { errors: { code: string }[] };
      assert.equal(errors[0]?.code, 'NAME_UNKNOWN');
      assertKeepsSecret(stage);
    },
    { login, mirror: { account } },
  ),
);

test(
  'a wrong password is an error for the client, and is told to nobody',
  { skip },
  onStage(
    async (stage) => {
      await pushBusybox(stage);
      const answer = await fetch(`${stage.mirror.url}/v2/library/busybox/manifests/1.35`);
      assert.equal(answer.status, 503);
      assert.ok(!(await answer.text()).includes(wrongPassword));
      assertKeepsSecret(stage, wrongPassword);
    },
    {
      login,
      mirror: { account: { ...account, token: wrongPassword }, allowPrivate: true },
    },
  ),
);

async function pushBusybox({ bench, upstream }: Stage) {
  const image = await busyboxImage(bench);
  await upstream.push(image, 'library/busybox:1.35');
  return image;
}

/** Neither the password nor its Basic form stands in what the mirror wrote. */
function assertKeepsSecret({ mirror }: Stage, secret = login.password): void {
  const basic = Buffer.from(`${login.username}:${secret}`).toString('base64');
  assert.ok(!mirror.output().includes(secret));
  assert.ok(!mirror.output().includes(basic));
}
