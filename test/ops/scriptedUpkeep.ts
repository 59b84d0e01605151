import type { ExportOptions } from '../../src/upkeep/carrying/carrying.ts';
import type { ImageSummary } from '../../src/upkeep/inventory/imageSummary.ts';
import { parseDigest } from '../../src/registry/digest.ts';
import type { Upkeep } from '../../src/upkeep/upkeep.ts';

/** A call of an upkeep: the name of the method and what it was given. */
export type UpkeepCall = readonly [string, ...unknown[]];

/** An upkeep that does as it is told. */
export interface ScriptedUpkeep {
  readonly upkeep: Upkeep;
  /** What was asked of it, oldest first. */
  readonly calls: readonly UpkeepCall[];
}

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
if (digest === undefined) throw new Error('the digest is none');

/** An image like any other. */
export const anyImage: ImageSummary = {
  name: 'docker.io/library/alpine:3.20',
  repository: 'docker.io/library/alpine',
  tag: '3.20',
  digest,
  platforms: ['linux/amd64'],
  complete: true,
  size: 1000,
  sharedSize: 10,
  lastUsedAt: '2026-11-21T10:00:00.000Z',
  checkedAt: '2026-11-21T10:00:00.000Z',
  freshness: 'fresh',
  pinned: false,
};

const nothing = { count: 0, bytes: 0 };

/** Each method answers with as little as there is to answer, but for those that are given. */
export function scriptedUpkeep(script: Partial<Upkeep> = {}): ScriptedUpkeep {
  const calls: UpkeepCall[] = [];
  const plain: Upkeep = {
    images: () => items([anyImage]),
    image: async () => ({ ...anyImage, mediaType: null, manifest, images: [], earlier: null }),
    usage: async () => ({
      directory: '/data',
      maxSize: null,
      minFree: 0,
      diskFree: null,
      blobs: nothing,
      manifests: nothing,
      incoming: nothing,
      partial: nothing,
      quarantined: nothing,
      pinned: nothing,
      catalog: 0,
      repositories: [],
    }),
    purge: async (images, dryRun) => ({
      dryRun,
      images,
      unmatched: [],
      blobs: 0,
      bytes: 0,
      keptBytes: 0,
    }),
    collect: async (dryRun) => ({
      dryRun,
      unreferenced: nothing,
      temporary: nothing,
      quarantined: nothing,
      missing: [],
      entries: { tags: 0, memberships: 0, repositories: 0 },
    }),
    verify: () => items([{ kind: 'done', ...figures, seconds: 0 }]),
    warm: () => items([{ kind: 'done', warmed: 0, failed: 0, fetchedBytes: 0, seconds: 0 }]),
    export: () => items([Buffer.from('archive')]),
    import: async (archive) => {
      let bytes = 0;
      for await (const chunk of archive) bytes += chunk.length;
      return { images: [], blobs: 0, bytes };
    },
  };
  const scripted = { ...plain, ...script };
  const record =
    <Given extends readonly unknown[], Result>(name: string, method: (...of: Given) => Result) =>
    (...of: Given): Result => {
      calls.push([name, ...of]);
      return method(...of);
    };
  return {
    calls,
    upkeep: {
      images: record('images', scripted.images),
      image: record('image', scripted.image),
      usage: record('usage', scripted.usage),
      purge: record('purge', scripted.purge),
      collect: record('collect', scripted.collect),
      verify: record('verify', scripted.verify),
      warm: record('warm', scripted.warm),
      export: record('export', (options: ExportOptions) => scripted.export(options)),
      import: (archive, name) => {
        calls.push(['import', name]);
        return scripted.import(archive, name);
      },
    },
  };
}

const manifest = {
  digest,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 10,
  held: true,
  storedAt: null,
  lastUsedAt: null,
};

const figures = {
  blobs: 0,
  totalBlobs: 0,
  bytes: 0,
  totalBytes: 0,
  damaged: 0,
  resumed: false,
};

/** Yields them, one after the other. */
export async function* items<Item>(list: Iterable<Item>): AsyncGenerator<Item> {
  yield* list;
}
