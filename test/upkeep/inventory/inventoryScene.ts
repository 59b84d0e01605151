import assert from 'node:assert/strict';
import { MirroredUpstreams, type MirroredUpstream } from '../../../src/mirror/mirroredUpstream.ts';
import type { ImageSummary } from '../../../src/upkeep/inventory/imageSummary.ts';
import { Inventory } from '../../../src/upkeep/inventory/inventory.ts';
import type { Upstream } from '../../../src/upstream/upstream.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { openUpkeep, type UpkeepScene } from '../upkeepScene.ts';

/** A store that images can be put into, and what is seen of it. */
export interface InventoryScene extends UpkeepScene {
  readonly inventory: Inventory;
  list(pattern?: string): Promise<ImageSummary[]>;
  /** The one image that is like the pattern. */
  only(pattern: string): Promise<ImageSummary>;
}

const hour = 3_600_000;

/** Opens one with docker.io and ghcr.io, where tags are fresh for an hour and usable for a day past that. */
export async function openInventory(t: Lifetime): Promise<InventoryScene> {
  const scene = await openUpkeep(t);
  const { store, clock } = scene;
  const inventory = new Inventory({ store, upstreams: twoUpstreams(), now: clock });
  const list = (pattern?: string) => Array.fromAsync(inventory.images(pattern));
  return {
    ...scene,
    inventory,
    list,
    async only(pattern) {
      const [image, ...more] = await list(pattern);
      assert.ok(image !== undefined && more.length === 0, pattern);
      return image;
    },
  };
}

/** docker.io, with its aliases and its custom of official images, and ghcr.io. */
export function twoUpstreams(): MirroredUpstreams {
  const hub = { ...mirrored('docker.io'), aliases: ['index.docker.io'], impliesLibrary: true };
  return new MirroredUpstreams([hub, mirrored('ghcr.io')], 'docker.io');
}

/** Nobody asks it anything. */
function mirrored(host: string): MirroredUpstream {
  return {
    upstream: { host } as Upstream,
    policy: { tagRules: [], tagFreshness: hour, absentFreshness: 0, staleIfError: 24 * hour },
    aliases: [],
    impliesLibrary: false,
  };
}
