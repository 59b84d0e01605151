import { parseDigest, type Digest } from './digest.ts';
import { isJsonObject, textOf, type JsonObject } from './jsonObject.ts';
import { platformOf, type Platform } from './platform.ts';

/** How one piece of content names another (OCI image-spec, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes, as the manifest claims. */
  readonly size: number;
  /** Where clients fetch the content instead of asking a registry; absent rather than empty. */
  readonly urls?: readonly string[];
  /** What the content runs on, where an index says it of its images. */
  readonly platform?: Platform;
}

/**
 * Reads a descriptor from parsed JSON. `undefined` when it is none, or when its digest is one that the
 * mirror cannot verify (see `parseDigest`). `urls` of a wrong type are left out, and so is a `platform`.
 */
export function parseDescriptor(value: unknown): Descriptor | undefined {
  if (!isJsonObject(value)) return undefined;
  const mediaType = textOf(value, 'mediaType');
  const digest = parseDigest(textOf(value, 'digest') ?? '');
  const size = sizeOf(value);
  if (mediaType === undefined || digest === undefined || size === undefined) return undefined;
  const platform = platformOf(value['platform']);
  return {
    mediaType,
    digest,
    size,
    ...(hasUrls(value) && { urls: urlsOf(value) }),
    ...(platform && { platform }),
  };
}

/** Whether the descriptor in parsed JSON says that clients fetch the content elsewhere. */
export function hasUrls(descriptor: JsonObject): boolean {
  return urlsOf(descriptor).length > 0;
}

function urlsOf({ urls }: JsonObject): string[] {
  return Array.isArray(urls) ? urls.filter((url) => typeof url === 'string') : [];
}

function sizeOf({ size }: JsonObject): number | undefined {
  return Number.isSafeInteger(size) && (size as number) >= 0 ? (size as number) : undefined;
}
