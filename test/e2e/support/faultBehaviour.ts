import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ClientSetting, RunningClient } from './client.ts';
import { duringPull } from './duringPull.ts';
import { failedBlobRequests } from './failedBlobRequests.ts';
import { startFaultyProxy } from './faultyProxy.ts';
import { assertHealed, completions, transfersOf, waitUntilSent } from './layerTransfers.ts';
import { pullAcrossKill } from './pullAcrossKill.ts';
import { onStage } from './stage.ts';
import { assertRunsWhole, pushSummed, summedReference as reference } from './summedPull.ts';
import { waitUntil } from './waitUntil.ts';
import { waitUntilWritten } from './waitUntilWritten.ts';

/** A client that is tried with faults. */
export interface FaultedClientKind {
  readonly name: string;
  /** Why it can't be tried here, or `false`. */
  readonly skip: string | false;
  readonly prepare: (setting: ClientSetting) => Promise<RunningClient>;
  /** Whether a pull in which the mirror is killed ends well by itself; else it may take a second command. */
  readonly outlivesMirror: boolean;
}

const mebibyte = 1024 * 1024;

/** Registers the tests of what a client gets, and runs, when the upstream or the mirror breaks in the middle. */
export function testFaults({ name, skip, prepare, outlivesMirror }: FaultedClientKind): void {
  const succeeds = outlivesMirror ? 'ends its pull' : 'needs one more command at most';

  test(
    `${name} notices nothing of an upstream that is cut again and again in the middle of layers`,
    { skip },
    onStage(async (stage) => {
      const { upstream, outside } = stage;
      const image = await pushSummed(stage);
      const { large, medium, small } = image;
      upstream.cut(large.digest, [5 * mebibyte, 0, 3 * mebibyte, 1, 10 * mebibyte]);
      upstream.cut(medium.digest, [100_000, medium.size - 300_000]);
      upstream.cut(small.digest, [0, 1000]);
      const client = await prepare(stage.client);
      await client.pull(reference);
      await assertRunsWhole(client, image);
      assertHealed(upstream, large, 5);
      assertHealed(upstream, medium, 2);
      assertHealed(upstream, small, 2);
      assert.deepEqual(outside.attempts, []);
    }),
  );

  test(
    `${name} notices nothing of an upstream that goes away in the middle of a layer and comes back`,
    { skip },
    onStage(async (stage) => {
      const { upstream, mirror, outside } = stage;
      const image = await pushSummed(stage);
      const { large, layers } = image;
      const client = await prepare(stage.client);
      const hold = upstream.hold(large.digest, 5 * mebibyte);
      const pull = client.pull(reference);
      await duringPull(pull, async () => {
        await hold.reached;
        await waitUntilSent(
          upstream,
          layers.filter((layer) => layer.digest !== large.digest),
        );
        await upstream.close();
        await waitUntil('two tries failed', async () => (await failedBlobRequests(mirror)) >= 2);
        await upstream.open();
      });
      await pull;
      await assertRunsWhole(client, image);
      assertHealed(upstream, large, 1);
      assert.deepEqual(outside.attempts, []);
    }),
  );

  test(
    `another ${name}, with nothing yet, gets and runs what is cached when the upstream is gone`,
    { skip },
    onStage(async (stage) => {
      const image = await pushSummed(stage);
      await (await prepare(stage.client)).pull(reference);
      await stage.upstream.stop();
      const other = await prepare(await elsewhere(stage.client));
      await other.pull(reference);
      await assertRunsWhole(other, image);
      assert.deepEqual(stage.outside.attempts, []);
    }),
  );

  test(
    `${name} ${succeeds} when the mirror is killed while it fetches, and what it held isn’t fetched again`,
    { skip },
    onStage(async (stage) => {
      const { upstream, mirror } = stage;
      const image = await pushSummed(stage);
      const client = await prepare(stage.client);
      const held = 9 * mebibyte;
      const hold = upstream.hold(image.large.digest, held);
      await pullAcrossKill(stage, {
        client,
        reference,
        outlivesMirror,
        async due() {
          await hold.reached;
          await waitUntilWritten(mirror, held);
        },
        afterKill: hold.release,
      });
      await assertRunsWhole(client, image);
      const starts = transfersOf(upstream, image.large).map(({ start }) => start);
      // The last byte that it has is asked for once more, for there may be none after it.
      assert.deepEqual(starts, [0, held - 1]);
    }),
  );

  test(
    `${name} ${succeeds} when the mirror is killed while it sends what is cached, with the upstream gone`,
    { skip },
    onStage(async (stage) => {
      const { bench, upstream, mirror } = stage;
      const image = await pushSummed(stage);
      const front = await startFaultyProxy(bench, mirror.url);
      const client = await prepare({ ...stage.client, mirrorAddress: front.address });
      await client.pull(reference);
      await client.forget(reference);
      await upstream.stop();
      const hold = front.hold(image.large.digest, 4 * mebibyte);
      await pullAcrossKill(stage, {
        client,
        reference,
        outlivesMirror,
        due: async () => hold.reached,
        afterKill: hold.release,
      });
      await assertRunsWhole(client, image);
      // Once each for the first pull and the second: nothing that came in the end was thrown away.
      assert.equal(completions(front, image.large), 2);
    }),
  );
}

/** The same mirror for a client that keeps its things in another place. */
async function elsewhere(setting: ClientSetting): Promise<ClientSetting> {
  const directory = join(setting.bench.directory, 'elsewhere');
  await mkdir(directory);
  return { ...setting, bench: { ...setting.bench, directory } };
}
