import type { ExportOptions, ImportReport } from './carrying/carrying.ts';
import type { ImageDetail } from './inventory/imageDetail.ts';
import type { ImageSummary } from './inventory/imageSummary.ts';
import type { Collection, Removal } from './removal/removal.ts';
import type { Upkeep } from './upkeep.ts';
import type { Usage } from './inventory/usage.ts';
import type { VerificationEvent, VerificationOptions } from './verification/verification.ts';
import type { WarmingEvent, WarmingOptions } from './warming/warming.ts';

/** Who does each part of the upkeep. */
export interface LocalUpkeepParts {
  readonly inventory: Pick<Upkeep, 'images' | 'image'>;
  readonly usageReport: Pick<Upkeep, 'usage'>;
  readonly purge: Pick<Upkeep, 'purge'>;
  readonly garbage: Pick<Upkeep, 'collect'>;
  readonly verifier: Pick<Upkeep, 'verify'>;
  readonly warmer: Pick<Upkeep, 'warm'>;
  readonly imageExport: Pick<Upkeep, 'export'>;
  readonly imageImport: Pick<Upkeep, 'import'>;
}

/** The upkeep of a store that this process has. */
export class LocalUpkeep implements Upkeep {
  readonly #parts: LocalUpkeepParts;

  constructor(parts: LocalUpkeepParts) {
    this.#parts = parts;
  }

  images(pattern: string | undefined): AsyncIterable<ImageSummary> {
    return this.#parts.inventory.images(pattern);
  }

  image(name: string): Promise<ImageDetail> {
    return this.#parts.inventory.image(name);
  }

  usage(): Promise<Usage> {
    return this.#parts.usageReport.usage();
  }

  purge(patterns: readonly string[], dryRun: boolean): Promise<Removal> {
    return this.#parts.purge.purge(patterns, dryRun);
  }

  collect(dryRun: boolean): Promise<Collection> {
    return this.#parts.garbage.collect(dryRun);
  }

  verify(options: VerificationOptions): AsyncIterable<VerificationEvent> {
    return this.#parts.verifier.verify(options);
  }

  warm(options: WarmingOptions): AsyncIterable<WarmingEvent> {
    return this.#parts.warmer.warm(options);
  }

  export(options: ExportOptions): AsyncIterable<Uint8Array> {
    return this.#parts.imageExport.export(options);
  }

  import(archive: AsyncIterable<Uint8Array>, name: string | undefined): Promise<ImportReport> {
    return this.#parts.imageImport.import(archive, name);
  }
}
