import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMirrorProcess } from '../mirror/mirrorProcess.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';

/** What a mirror with these settings shows under other exporters' names after a pull. */
async function shownNames(t: Lifetime, settings: object): Promise<readonly string[]> {
  const hub = await startHub(t);
  hub.addImage('library/alpine', buildImage({ seed: 'alpine' }), { tags: ['3.20'] });
  const { url, opsAddress } = await startMirrorProcess(t, hub, { settings });
  const answer = await fetch(`${url}/v2/library/alpine/manifests/3.20`);
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
  const scrape = await (await fetch(`http://${opsAddress}/metrics`)).text();
  assert.match(scrape, /^pullthrough_ratelimit_limit\{.*\} 100$/m);
  return scrape.split('\n').filter((line) => line.includes('dockerhub_'));
}

test('a mirror shows docker.io’s limit under other exporters’ names if it is told to', async (t) => {
  const shown = await shownNames(t, { metrics: { exporterNames: true } });
  const labels = 'account="anonymous",source_ip="docker.io"';
  assert.ok(shown.includes(`dockerhub_limit_max_requests_total{${labels}} 100`), shown.join('\n'));
});

test('a mirror shows none of their names if it is not', async (t) => {
  assert.deepEqual(await shownNames(t, {}), []);
});
