import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testFaults } from './support/faultBehaviour.ts';
import { assertHealed } from './support/layerTransfers.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { prepareSkopeo } from './support/skopeo.ts';
import { onStage } from './support/stage.ts';
import { assertRunsWhole, pushSummed, summedReference } from './support/summedPull.ts';

const skip = unlessInstalled(['docker-registry', 'skopeo', 'busybox']);

testFaults({ name: 'skopeo', skip, prepare: prepareSkopeo, outlivesMirror: false });

test(
  'skopeo notices nothing of an upstream that falls silent in the middle of a layer',
  { skip },
  onStage(async (stage) => {
    const image = await pushSummed(stage);
    // Never released.
    stage.upstream.hold(image.large.digest, 7_000_000);
    const skopeo = await prepareSkopeo(stage.client);
    await skopeo.pull(summedReference);
    await assertRunsWhole(skopeo, image);
    assertHealed(stage.upstream, image.large, 1);
    assert.deepEqual(stage.outside.attempts, []);
  }),
);
