import type { Configuration } from '../config/configuration.ts';
import { Memberships } from '../mirror/memberships.ts';
import type { Mirror } from '../mirror/mirror.ts';
import { ManifestRequirements } from '../mirror/requirements.ts';
import type { StoreFailures } from '../ops/storeFailures.ts';
import type { Store } from '../store/store.ts';
import { Arrivals } from '../upkeep/arrivals.ts';
import { ExportSelection } from '../upkeep/exportSelection.ts';
import { Garbage } from '../upkeep/garbage.ts';
import { ImageExport } from '../upkeep/imageExport.ts';
import { ImageGraph } from '../upkeep/imageGraph.ts';
import { ImageImport } from '../upkeep/imageImport.ts';
import { ImageSelector } from '../upkeep/imageSelector.ts';
import { Inventory } from '../upkeep/inventory.ts';
import { LocalUpkeep } from '../upkeep/localUpkeep.ts';
import { PinnedImages } from '../upkeep/pins.ts';
import { PlatformImages } from '../upkeep/platformImages.ts';
import { Purge } from '../upkeep/purge.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import { UsageReport } from '../upkeep/usageReport.ts';
import type { VerificationObserver } from '../upkeep/verificationObserver.ts';
import { Verifier } from '../upkeep/verifier.ts';
import { Warmer } from '../upkeep/warmer.ts';

/** What the upkeep is built on. */
export interface UpkeepGround {
  readonly configuration: Pick<Configuration, 'offline'> & {
    readonly storage: Pick<Configuration['storage'], 'directory' | 'maxSize' | 'minFree' | 'pin'>;
  };
  readonly store: Store;
  readonly mirror: Mirror;
  readonly failures: StoreFailures;
  readonly verificationObserver: VerificationObserver;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow: () => number;
}

/** The upkeep as a whole, and those of its parts that a running mirror sets to work by itself. */
export interface UpkeepParts {
  readonly upkeep: Upkeep;
  readonly garbage: Garbage;
  readonly pins: PinnedImages;
  readonly verifier: Verifier;
  readonly warmer: Warmer;
}

/** Builds all that looks after a store. */
export function buildUpkeep(ground: UpkeepGround): UpkeepParts {
  const { store, mirror, failures, verificationObserver, monotonicNow } = ground;
  const { storage, offline } = ground.configuration;
  const { blobs, catalog } = store;
  const { upstreams } = mirror;
  const now = Date.now;
  const graph = new ImageGraph(blobs);
  const selector = new ImageSelector(upstreams);
  const memberships = new Memberships(catalog, new ManifestRequirements(blobs), now);
  const platformImages = new PlatformImages(blobs, graph);
  const failed = (error: unknown): void => failures.report(error);
  const arrivals = new Arrivals();
  const garbage = new Garbage({ store, graph, upstreams, arrivals, now });
  const verifier = new Verifier({
    store,
    now,
    monotonicNow,
    failed,
    observer: verificationObserver,
  });
  const warmer = new Warmer({ mirror, blobs, selector, offline, monotonicNow });
  const carried = { store, memberships, selector, platformImages };
  const upkeep = new LocalUpkeep({
    inventory: new Inventory({ store, upstreams, now }),
    usageReport: new UsageReport({ store, ...storage }),
    purge: new Purge({ store, graph, selector }),
    garbage,
    verifier,
    warmer,
    imageExport: new ImageExport(blobs, new ExportSelection(carried)),
    imageImport: new ImageImport({ ...carried, arrivals, now }),
  });
  const patterns = storage.pin.map((text) => selector.pattern(text));
  const pins = new PinnedImages({ store, graph, patterns });
  return { upkeep, garbage, pins, verifier, warmer };
}
