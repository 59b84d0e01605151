import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import type { FaultStage } from '../support/hub/faults.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { openHub, reference, rejection, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');
const image = buildImage();
const { signal } = new AbortController();

async function startAlpine(t: Lifetime): Promise<ScriptedHub> {
  const hub = await startHub(t);
  hub.addImage('library/alpine', image, { tags: ['latest'] });
  return hub;
}

const calls: [FaultStage, string, (upstream: Upstream) => Promise<unknown>][] = [
  ['token', 'token', (upstream) => upstream.listTags(alpine, '')],
  ['manifest_head', 'manifest_head', (upstream) => upstream.headManifest(alpine, latest)],
  ['manifest_get', 'manifest_get', (upstream) => upstream.getManifest(alpine, latest)],
  ['tags', 'tags', (upstream) => upstream.listTags(alpine, '')],
  [
    'referrers',
    'referrers',
    (upstream) => upstream.listReferrers(alpine, image.manifest.digest, ''),
  ],
  ['blob_redirect', 'blob_get', (upstream) => upstream.hasBlob(alpine, image.config.digest)],
];

describe('a connection that is lost in place of an answer', () => {
  for (const [at, operation, ask] of calls) {
    for (const refuse of ['fin', 'reset'] as const) {
      test(`(${refuse}) at the ${at} is made up for by asking once more`, async (t) => {
        const hub = await startAlpine(t);
        const fault = hub.fault({ at, refuse, times: 1 });
        const { upstream, observer } = openHub(t, hub);
        assert.ok(await ask(upstream));
        assert.equal(fault.hits, 1);
        const errors = observer.of('exchanged').filter((event) => event.endsWith(' error'));
        assert.deepEqual(errors, [`exchanged hub.test ${operation} error`]);
      });
    }

    test(`at the ${at} is a failure the second time`, async (t) => {
      const hub = await startAlpine(t);
      const fault = hub.fault({ at, refuse: 'reset' });
      const { upstream } = openHub(t, hub);
      const error = await rejection(ask(upstream));
      assert.ok(error instanceof UpstreamError);
      assert.equal(error.failure, 'unreachable');
      assert.equal(fault.hits, 2);
    });
  }

  test('of a transfer is left to whoever fills', async (t) => {
    const hub = await startAlpine(t);
    const fault = hub.fault({ at: 'blob_redirect', refuse: 'reset' });
    const { upstream } = openHub(t, hub);
    await rejection(upstream.getBlob(alpine, image.config.digest, 0, signal));
    assert.equal(fault.hits, 1);
  });
});

describe('no second try has', () => {
  test('a connection that was refused', async (t) => {
    const hub = await startAlpine(t);
    const { upstream, observer } = openHub(t, hub);
    await hub.goDown('registry');
    await rejection(upstream.headManifest(alpine, latest));
    assert.deepEqual(observer.of('exchanged'), ['exchanged hub.test manifest_head error']);
  });

  test('an answer that does not come in time', async (t) => {
    const hub = await startAlpine(t);
    const fault = hub.fault({ at: 'manifest_head', delayHeaders: 'hold' });
    const { upstream } = openHub(t, hub, { agentLimits: { apiHeadersTimeout: 20 } });
    await rejection(upstream.headManifest(alpine, latest));
    assert.equal(fault.hits, 1);
  });

  test('an answer that breaks off after it began', async (t) => {
    const hub = await startAlpine(t);
    const { upstream } = openHub(t, hub);
    await upstream.headManifest(alpine, latest);
    const fault = hub.fault({ at: 'manifest_get', cutAfter: 10 });
    await rejection(upstream.getManifest(alpine, latest));
    assert.equal(fault.hits, 1);
  });
});
