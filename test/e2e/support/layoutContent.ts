import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, type Digest } from '../../../src/registry/digest.ts';
import { mediaTypes } from '../../../src/registry/mediaType.ts';
import { fixedBlob } from '../../support/blobContent.ts';
import type { Descriptor, ImageContent, Platform } from '../../support/images.ts';
import type { Image } from './ociLayout.ts';

/** What a manifest or an index leads to. */
interface Parts {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

type Entry = Pick<Descriptor, 'digest' | 'mediaType'> & { readonly platform?: Platform };

/** An image that clients can run, as the scripted Hub takes images. */
export async function layoutContent({ directory, indexDigest }: Image): Promise<ImageContent> {
  const read = (digest: Digest) => readFile(join(directory, 'blobs/sha256', digestHex(digest)));
  const contentOf = async ({ digest, mediaType, platform }: Entry): Promise<ImageContent> => {
    const bytes = await read(digest);
    const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString()) as Parts;
    const parts = config === undefined ? layers : [config, ...layers];
    return {
      manifest: { digest, mediaType, bytes },
      ...(platform === undefined ? {} : { platform }),
      blobs: await Promise.all(parts.map(async (part) => fixedBlob(await read(part.digest)))),
      children: await Promise.all(manifests.map(contentOf)),
    };
  };
  return contentOf({ digest: indexDigest, mediaType: mediaTypes.ociIndex });
}
