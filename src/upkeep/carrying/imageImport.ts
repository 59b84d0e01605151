import type { Memberships } from '../../mirror/memberships.ts';
import type { Digest } from '../../registry/digest.ts';
import type { LayoutImage } from '../../registry/ociLayout.ts';
import type { Tag } from '../../registry/reference.ts';
import { membershipKey, tagKey, type EarlierTag } from '../../store/catalog.ts';
import type { Store } from '../../store/store.ts';
import type { Arrivals } from '../arrivals.ts';
import type { ImportReport } from './carrying.ts';
import type { ImageSelector } from '../imageSelector.ts';
import { importedName, type ImportedName } from './importedName.ts';
import { importFailure, noRoom } from './importFailure.ts';
import { LayoutIntake } from './layoutIntake.ts';
import { LayoutManifests } from './layoutManifests.ts';
import type { PlatformImages } from '../platformImages.ts';
import { UpkeepError } from '../upkeepError.ts';

/** What an {@link ImageImport} works with. */
export interface ImageImportParts {
  readonly store: Store;
  readonly memberships: Memberships;
  readonly selector: ImageSelector;
  readonly platformImages: PlatformImages;
  readonly arrivals: Arrivals;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An image of an archive whose content is kept. */
interface AdoptedImage {
  readonly name: ImportedName;
  readonly descriptor: LayoutImage['descriptor'];
  /** Of what it consists of: what is held. */
  readonly held: readonly Digest[];
  readonly complete: boolean;
}

/**
 * Takes in images that were carried here as the archive of an OCI image layout. Names are written after all
 * content is kept, tags last: an import that breaks off leaves content that no repository has, and never a
 * name for anything else than the archive says.
 */
export class ImageImport {
  readonly #parts: ImageImportParts;
  readonly #manifests: LayoutManifests;

  constructor(parts: ImageImportParts) {
    this.#parts = parts;
    this.#manifests = new LayoutManifests(parts.store.blobs);
  }

  /**
   * Imports a tar archive, compressed with gzip or not. `name`: the repository of the images in it that say
   * only a tag, or nothing.
   * @throws {UpkeepError} `invalid` for an archive that is broken, or names what can't be served here;
   *   `failed` where the store, or what the archive comes from, fails
   */
  async import(
    archive: AsyncIterable<Uint8Array>,
    name: string | undefined,
  ): Promise<ImportReport> {
    try {
      return await this.#parts.arrivals.during((present) => this.#import(archive, name, present));
    } catch (error) {
      throw importFailure(error);
    }
  }

  async #import(
    archive: AsyncIterable<Uint8Array>,
    given: string | undefined,
    present: Set<Digest>,
  ): Promise<ImportReport> {
    const { blobs } = this.#parts.store;
    // Nobody is to take it for heard who misspelled it for an archive that has names of its own.
    if (given !== undefined) this.#parts.selector.name(given);
    let names: readonly ImportedName[] = [];
    const intake = new LayoutIntake(blobs, present, (images) => {
      names = namesOf(images, given, this.#parts.selector);
    });
    const listed = await intake.take(archive);
    const contents: Array<ReadonlySet<Digest>> = [];
    for (const { descriptor } of listed) {
      this.#requireRoomFor(descriptor.digest, present);
      contents.push(await this.#manifests.adopt(descriptor));
    }
    const adopted: AdoptedImage[] = [];
    for (const [index, name] of names.entries()) {
      const [image, content] = [listed[index], contents[index]];
      if (image === undefined || content === undefined) continue;
      for (const digest of content) this.#requireRoomFor(digest, present);
      adopted.push(await this.#adopted(name, image.descriptor, content));
    }
    for (const image of adopted) await this.#writeMemberships(image);
    for (const image of adopted) await this.#writeTag(image);
    const images = adopted.map(({ name, descriptor: { digest }, complete }) => {
      return { name: name.text, digest, complete };
    });
    return { images, ...intake.kept };
  }

  /** What was in the archive is held, or what came after it took its room. */
  #requireRoomFor(digest: Digest, present: ReadonlySet<Digest>): void {
    if (present.has(digest) && !this.#holds(digest)) throw noRoom();
  }

  async #adopted(
    name: ImportedName,
    descriptor: LayoutImage['descriptor'],
    content: ReadonlySet<Digest>,
  ): Promise<AdoptedImage> {
    const held = [...content].filter((digest) => this.#holds(digest));
    const images = await this.#parts.platformImages.of(descriptor.digest);
    return { name, descriptor, held, complete: images.some(({ isWhole }) => isWhole) };
  }

  #holds(digest: Digest): boolean {
    return this.#parts.store.blobs.describe(digest) !== undefined;
  }

  /** To the repository as it is now: what an earlier generation had counts no more. */
  async #writeMemberships({ name: { repository }, held }: AdoptedImage): Promise<void> {
    const { memberships, store } = this.#parts;
    const generation = await memberships.generation(repository);
    const entry = { generation, notedAt: this.#parts.now() };
    // All or none of them, and unlike what a pull notes it can't be found out again.
    await store.catalog.memberships.setMany(
      held.map((digest) => [membershipKey(repository, digest), entry] as const),
    );
    // Who looked at the memberships before takes it for what no repository has.
    for (const digest of held) store.blobs.use(digest);
  }

  async #writeTag({ name, descriptor, complete }: AdoptedImage): Promise<void> {
    const { repository, reference } = name;
    if (reference.kind !== 'tag') return;
    const { blobs, catalog } = this.#parts.store;
    const { digest } = descriptor;
    const { mediaType = descriptor.mediaType, size = descriptor.size } =
      blobs.describe(digest) ?? {};
    const earlier = complete ? undefined : await this.#earlier(name, reference.tag, digest);
    await catalog.tags.set(tagKey(repository, reference.tag), {
      digest,
      mediaType,
      size,
      checkedAt: this.#parts.now(),
      ...(earlier === undefined ? {} : { earlier }),
    });
  }

  /** What the tag stood for is served on where what it stands for now is not all here. */
  async #earlier(
    { repository }: ImportedName,
    tag: Tag,
    digest: Digest,
  ): Promise<EarlierTag | undefined> {
    const { memberships, store } = this.#parts;
    const known = await store.catalog.tags.get(tagKey(repository, tag));
    if (known === undefined || !(await memberships.has(repository, known.digest))) return undefined;
    const former = known.digest === digest ? known.earlier : known;
    return former && { digest: former.digest, checkedAt: former.checkedAt };
  }
}

/** @throws {UpkeepError} `invalid` also when one name is to stand for two images */
function namesOf(
  images: readonly LayoutImage[],
  given: string | undefined,
  selector: ImageSelector,
): readonly ImportedName[] {
  const digests = new Map<string, Digest>();
  return images.map((image) => {
    const name = importedName(image, given, selector);
    const { digest } = image.descriptor;
    if ((digests.get(name.text) ?? digest) !== digest) {
      throw new UpkeepError('invalid', `the archive has two images that would be ${name.text}`);
    }
    digests.set(name.text, digest);
    return name;
  });
}
