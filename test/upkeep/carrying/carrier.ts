import { buffer } from 'node:stream/consumers';
import { Memberships } from '../../../src/mirror/memberships.ts';
import { ManifestRequirements } from '../../../src/mirror/requirements.ts';
import { tagKey } from '../../../src/store/catalog.ts';
import type { ImportReport } from '../../../src/upkeep/carrying/carrying.ts';
import { Arrivals } from '../../../src/upkeep/arrivals.ts';
import { ExportSelection } from '../../../src/upkeep/carrying/exportSelection.ts';
import { Garbage } from '../../../src/upkeep/removal/garbage.ts';
import { ImageExport } from '../../../src/upkeep/carrying/imageExport.ts';
import { ImageGraph } from '../../../src/upkeep/imageGraph.ts';
import { ImageImport } from '../../../src/upkeep/carrying/imageImport.ts';
import { ImageSelector } from '../../../src/upkeep/imageSelector.ts';
import { PlatformImages } from '../../../src/upkeep/platformImages.ts';
import { fillBlob } from '../../store/testStore.ts';
import { eachImage, type ImageContent } from '../../support/images.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { startMirror, type TestMirror, type TestMirrorOptions } from '../../support/testMirror.ts';

/** A mirror of a network without an upstream, and what carries its images. */
export interface Carrier extends TestMirror {
  readonly memberships: Memberships;
  readonly exporting: ImageExport;
  readonly importing: ImageImport;
  readonly garbage: Garbage;
  /** Exports images, for all platforms or those given, and resolves with the whole archive. */
  exported(images: readonly string[], platforms?: readonly string[]): Promise<Buffer>;
  /** Imports an archive that is in memory. */
  imported(archive: Uint8Array, name?: string): Promise<ImportReport>;
  /** Puts all of an image into the store, as pulls would, but for what `leftOut` says. */
  hold(name: string, image: ImageContent, leftOut?: ReadonlySet<unknown>): Promise<void>;
}

// Nothing listens there, and nothing is to ask.
const nowhere = 'http://127.0.0.1:9';

/** Starts one. What it holds can be pulled from it as from any mirror. */
export async function startCarrier(t: Lifetime, options: TestMirrorOptions = {}): Promise<Carrier> {
  const upstreams = ['docker.io', 'ghcr.io'].map((host) => ({ host, registryUrl: nowhere }));
  const mirror = await startMirror(t, upstreams, { offline: true, ...options });
  const { blobs, catalog } = mirror.store;
  const memberships = new Memberships({
    catalog,
    requirements: new ManifestRequirements(blobs),
    blobs,
    now: Date.now,
  });
  const { upstreams: mirrored } = mirror.mirror;
  const selector = new ImageSelector(mirrored);
  const graph = new ImageGraph(blobs);
  const platformImages = new PlatformImages(blobs, graph);
  const parts = { store: mirror.store, memberships, selector, platformImages };
  const exporting = new ImageExport(blobs, new ExportSelection(parts));
  const given = { store: mirror.store, arrivals: new Arrivals(), now: options.now ?? Date.now };
  const importing = new ImageImport({ ...parts, ...given });
  const garbage = new Garbage({ ...given, graph, upstreams: mirrored });
  return {
    ...mirror,
    memberships,
    exporting,
    importing,
    garbage,
    exported: (images, platforms = []) => buffer(exporting.export({ images, platforms })),
    imported: (archive, name) => importing.import(inPieces(archive), name),
    async hold(name, image, leftOut = new Set()) {
      const { repository, reference } = selector.name(name);
      for (const { manifest, blobs: all } of eachImage(image)) {
        if (leftOut.has(manifest)) continue;
        const kept = all.filter((blob) => !leftOut.has(blob));
        for (const blob of kept) {
          if (blobs.describe(blob.digest) === undefined) await fillBlob(blobs, blob);
        }
        await blobs.put(manifest.digest, manifest.bytes, manifest.mediaType);
        const digests = [manifest, ...kept].map(({ digest }) => digest);
        await memberships.add(repository, digests, await memberships.generation(repository));
      }
      if (reference.kind !== 'tag') return;
      const { digest, mediaType, bytes } = image.manifest;
      const entry = { digest, mediaType, size: bytes.length, checkedAt: 0 };
      await catalog.tags.set(tagKey(repository, reference.tag), entry);
    },
  };
}

/** Pieces of odd sizes, as a network delivers them. */
export async function* inPieces(bytes: Uint8Array, size = 30_011): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
