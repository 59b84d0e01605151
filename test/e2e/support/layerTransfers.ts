import assert from 'node:assert/strict';
import type { Layer } from './ociLayout.ts';
import type { FaultyProxy, Transfer } from './faultyProxy.ts';
import { waitUntil } from './waitUntil.ts';

// Of what a connection brought, this much may be lost with it on the way to the mirror's file.
const lossPerCut = 256 * 1024;

type Stand = Pick<FaultyProxy, 'transfers'>;

/** The transfers of a layer that were begun so far. */
export function transfersOf({ transfers }: Stand, { digest }: Layer): readonly Transfer[] {
  return transfers.filter((transfer) => transfer.digest === digest);
}

/** How many transfers of a layer came to its end. */
export function completions(stand: Stand, layer: Layer): number {
  const transfers = transfersOf(stand, layer);
  return transfers.filter(({ start, passed }) => start + passed === layer.size).length;
}

/** A layer was cut so many times, and each time fetched on from where it was cut. */
export function assertHealed(upstream: Stand, layer: Layer, cuts: number): void {
  const transfers = transfersOf(upstream, layer);
  assert.equal(transfers.length, cuts + 1);
  let reached = 0;
  for (const { start, passed } of transfers) {
    assert.ok(start <= reached && start >= reached - lossPerCut, `${start} after ${reached}`);
    reached = start + passed;
  }
  assert.equal(reached, layer.size);
}

/** Resolves once the upstream has sent every one of these layers to its end. */
export async function waitUntilSent(upstream: Stand, layers: readonly Layer[]): Promise<void> {
  await waitUntil('the upstream has sent the layers', () =>
    Promise.resolve(layers.every((layer) => completions(upstream, layer) > 0)),
  );
}
