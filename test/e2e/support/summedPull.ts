import assert from 'node:assert/strict';
import type { RunningClient } from './client.ts';
import { summedImage, type SummedImage } from './images.ts';
import type { Stage } from './stage.ts';

/** The name of the {@link SummedImage} that {@link pushSummed} brings to the upstream. */
export const summedReference = 'docker.io/acme/summed:3';

/** Makes an image that shows whether it is whole, and pushes it to the upstream. */
export async function pushSummed({ bench, upstream }: Stage): Promise<SummedImage> {
  const image = await summedImage(bench);
  await upstream.push(image, 'acme/summed:3');
  return image;
}

/** Fails unless the client holds the image, can run it, and finds in it what was put into it. */
export async function assertRunsWhole(client: RunningClient, image: SummedImage): Promise<void> {
  await client.assertHolds(summedReference, image);
  assert.equal(await client.run(summedReference, image.command), image.output);
}
