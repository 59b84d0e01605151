import type { Configuration } from '../config/configuration.ts';
import { Memberships } from '../mirror/memberships.ts';
import type { Mirror } from '../mirror/mirror.ts';
import { ManifestRequirements } from '../mirror/requirements.ts';
import type { StoreFailures } from '../ops/storeFailures.ts';
import type { Store } from '../store/store.ts';
import { Arrivals } from '../upkeep/arrivals.ts';
import { ExportSelection } from '../upkeep/carrying/exportSelection.ts';
import { Garbage } from '../upkeep/removal/garbage.ts';
import { ImageExport } from '../upkeep/carrying/imageExport.ts';
import { ImageGraph } from '../upkeep/imageGraph.ts';
import { ImageImport } from '../upkeep/carrying/imageImport.ts';
import { ImageSelector } from '../upkeep/imageSelector.ts';
import { Inventory } from '../upkeep/inventory/inventory.ts';
import { LocalUpkeep } from '../upkeep/localUpkeep.ts';
import { PinnedImages } from '../upkeep/removal/pins.ts';
import { PlatformImages } from '../upkeep/platformImages.ts';
import { Purge } from '../upkeep/removal/purge.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import { UsageReport } from '../upkeep/inventory/usageReport.ts';
import type { VerificationObserver } from '../upkeep/verification/verificationObserver.ts';
import { Verifier } from '../upkeep/verification/verifier.ts';
import { Warmer } from '../upkeep/warming/warmer.ts';

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
  const memberships = new Memberships({
    catalog,
    requirements: new ManifestRequirements(blobs),
    blobs,
    now,
  });
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
