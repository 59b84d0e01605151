import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dashboardQueries } from '../policy/dashboardQueries.ts';
import type { Account } from '../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildMultiPlatformImage, eachImage, type ImageContent } from '../support/images.ts';
import { markedSecret } from '../support/secretMark.ts';
import { onBench, type Bench } from './support/bench.ts';
import { startMirror } from './support/mirror.ts';
import { startPrometheus, type Prometheus } from './support/prometheus.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { waitUntil } from './support/waitUntil.ts';

const skip = unlessInstalled(['prometheus']);
const acme: Account = { username: 'acme', password: markedSecret('dckr_oat'), plan: 'paid' };
const mona: Account = { username: 'mona', password: markedSecret('dckr_pat'), plan: 'personal' };
const wrong = { username: 'otto', token: markedSecret('wrong'), repositories: ['otto/*'] };

/** A Hub with two accounts, and a mirror with these and one that cannot log in. */
async function startBoth(bench: Bench) {
  const hub = await startHub(
    { after: (stop) => bench.onClose(async () => stop()) },
    {
      accounts: [acme, mona],
    },
  );
  const mirror = await startMirror(bench, {
    upstreamUrl: hub.registryUrl,
    settings: { storage: { directory: join(bench.directory, 'mirror'), maxSize: '1GiB' } },
    upstreamSettings: {
      trustedHosts: [hub.tokenUrl, hub.cdnUrl].map((url) => new URL(url).host),
      tagFreshness: '0',
      accounts: [
        { username: acme.username, token: acme.password, repositories: ['acme/*'] },
        { username: mona.username, token: mona.password },
        wrong,
      ],
    },
  });
  return { hub, mirror };
}

async function statusOf(url: string, path: string): Promise<number> {
  const answer = await fetch(`${url}/v2/${path}`);
  await answer.arrayBuffer();
  return answer.status;
}

async function pull(url: string, repository: string, image: ImageContent): Promise<void> {
  assert.equal(await statusOf(url, `${repository}/manifests/latest`), 200);
  for (const { manifest, blobs } of eachImage(image)) {
    assert.equal(await statusOf(url, `${repository}/manifests/${manifest.digest}`), 200);
    for (const { digest } of blobs) {
      assert.equal(await statusOf(url, `${repository}/blobs/${digest}`), 200);
    }
  }
}

/** Some of all that the dashboard shows: pulls cold and warm, a stale answer, a refused log-in, a throttled pull. */
async function makeLoad(hub: ScriptedHub, url: string): Promise<void> {
  for (const repository of ['acme/app', 'library/alpine']) {
    const image = buildMultiPlatformImage({ seed: repository });
    hub.addImage(repository, image, { tags: ['latest'] });
    await pull(url, repository, image);
    await pull(url, repository, image);
  }
  hub.addImage('otto/app', buildMultiPlatformImage({ seed: 'otto' }), { tags: ['latest'] });
  assert.equal(await statusOf(url, 'otto/app/manifests/latest'), 503);
  hub.addImage('library/nginx', buildMultiPlatformImage({ seed: 'nginx' }), { tags: ['latest'] });
  hub.setRemaining(mona.username, 0);
  assert.equal(await statusOf(url, 'library/nginx/manifests/latest'), 429);
  const failing = hub.fault({ at: 'manifest_head', status: 503 });
  assert.equal(await statusOf(url, 'acme/app/manifests/latest'), 200);
  failing.clear();
}

/** The expressions of which Prometheus has nothing to show. */
async function unanswered(prometheus: Prometheus, expressions: readonly string[]) {
  const missing: string[] = [];
  for (const expression of expressions) {
    const values = await prometheus.query(expression);
    if (!values.some((value) => !Number.isNaN(value))) missing.push(expression);
  }
  return missing;
}

test(
  'Prometheus loads the rules, scrapes the mirror, and has an answer to each query of the dashboard',
  { skip },
  onBench(async (bench) => {
    const { hub, mirror } = await startBoth(bench);
    const prometheus = await startPrometheus(bench, new URL(mirror.opsUrl).host);
    // What rose before the first scrape is no increase.
    await waitUntil('the mirror was scraped twice', async () => {
      const [scrapes = 0] = await prometheus.query('count_over_time(pullthrough_build_info[1m])');
      return scrapes >= 2;
    });
    await makeLoad(hub, mirror.url);

    const expressions = (await dashboardQueries()).map(({ expression }) => expression);
    assert.ok(expressions.length > 20, `${expressions.length} queries`);
    let missing = expressions;
    await waitUntil('each query of the dashboard has an answer', async () => {
      missing = await unanswered(prometheus, missing);
      return missing.length === 0;
    }).catch(() => assert.deepEqual(missing, []));

    const rules = await prometheus.rules();
    const recorded = rules.filter(({ type }) => type === 'recording').map(({ name }) => name);
    assert.ok(recorded.length > 0 && recorded.length < rules.length, 'recording rules and alerts');
    assert.deepEqual(
      rules.filter(({ health }) => health !== 'ok'),
      [],
    );
    assert.deepEqual(await unanswered(prometheus, recorded), []);
  }),
);
