import { parseDigest, type Digest } from './digest.ts';
import { isJsonObject, textOf, type JsonObject } from './jsonObject.ts';

/** The platform that a manifest in an index is for. */
export interface Platform {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
}

/** How one piece of content names another (OCI image-spec, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes, as the manifest claims. */
  readonly size: number;
  /** Where clients fetch the content instead of asking a registry; absent rather than empty. */
  readonly urls?: readonly string[];
  readonly platform?: Platform;
  readonly artifactType?: string;
  /** The object has no prototype: any key can be looked up. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads a descriptor from parsed JSON. `undefined` when it is none, or when its digest is one that the
 * mirror cannot verify (see `parseDigest`). Optional members of a wrong type are left out.
 */
export function parseDescriptor(value: unknown): Descriptor | undefined {
  if (!isJsonObject(value)) return undefined;
  const mediaType = textOf(value, 'mediaType');
  const digest = parseDigest(textOf(value, 'digest') ?? '');
  const size = sizeOf(value);
  if (mediaType === undefined || digest === undefined || size === undefined) return undefined;
  const platform = platformOf(value);
  const artifactType = textOf(value, 'artifactType');
  const annotations = annotationsOf(value);
  return {
    mediaType,
    digest,
    size,
    ...(hasUrls(value) && { urls: urlsOf(value) }),
    ...(platform && { platform }),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
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

function platformOf({ platform }: JsonObject): Platform | undefined {
  if (!isJsonObject(platform)) return undefined;
  const members = (['os', 'architecture', 'variant'] as const).flatMap((name) => {
    const text = textOf(platform, name);
    return text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(members);
}

function annotationsOf({ annotations }: JsonObject): Record<string, string> | undefined {
  if (!isJsonObject(annotations)) return undefined;
  const texts = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(annotations)) {
    if (typeof value === 'string') texts[name] = value;
  }
  return texts;
}
