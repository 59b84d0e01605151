import type { ExportOptions, ImportReport } from './carrying/carrying.ts';
import type { ImageDetail } from './inventory/imageDetail.ts';
import type { ImageSummary } from './inventory/imageSummary.ts';
import type { Collection, Removal } from './removal/removal.ts';
import type { Usage } from './inventory/usage.ts';
import type { VerificationEvent, VerificationOptions } from './verification/verification.ts';
import type { WarmingEvent, WarmingOptions } from './warming/warming.ts';

/**
 * What an operator does to a cache: on the store itself, or through the running mirror that has it. What
 * can't be done is an {@link UpkeepError}. Who stops iterating ends what is under way.
 */
export interface Upkeep {
  /** The images that are like the pattern, or all of them, by name, as far as something of them is held. */
  images(pattern: string | undefined): AsyncIterable<ImageSummary>;
  image(name: string): Promise<ImageDetail>;
  usage(): Promise<Usage>;
  purge(patterns: readonly string[], dryRun: boolean): Promise<Removal>;
  collect(dryRun: boolean): Promise<Collection>;
  /** The last event is of kind `done`. */
  verify(options: VerificationOptions): AsyncIterable<VerificationEvent>;
  /** The last event is of kind `done`. */
  warm(options: WarmingOptions): AsyncIterable<WarmingEvent>;
  /** The tar archive of an OCI image layout. What is missing is found out before its first byte. */
  export(options: ExportOptions): AsyncIterable<Uint8Array>;
  /** `name`: the repository of the images in it that say only a tag, or nothing. */
  import(archive: AsyncIterable<Uint8Array>, name: string | undefined): Promise<ImportReport>;
}
