import { isAmbiguousJson } from './ambiguousJson.ts';
import { hasUrls, parseDescriptor, type Descriptor } from './descriptor.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from './jsonObject.ts';
import { bareMediaType, isImage, isIndex } from './mediaType.ts';

/** An OCI index or Docker manifest list: the manifests of the platforms, or of the referrers. */
export interface Index {
  readonly kind: 'index';
  readonly mediaType: string;
  /** Without those whose digest the mirror cannot verify: it could not serve them either. */
  readonly manifests: readonly Descriptor[];
}

/** An OCI image manifest or Docker schema 2 manifest. */
export interface Image {
  readonly kind: 'image';
  readonly mediaType: string;
  /** `undefined` when the mirror cannot verify its digest. */
  readonly config: Descriptor | undefined;
  /** Without those whose digest the mirror cannot verify. */
  readonly layers: readonly Descriptor[];
  /** Whether clients will ask this registry for a blob that the mirror can never serve. */
  readonly undeliverable: boolean;
  /** Whether a registry may have read other blobs in it than these. */
  readonly ambiguous: boolean;
}

/** A manifest of any other type: a JSON object whose members mean nothing to the mirror. */
export interface OtherManifest {
  readonly kind: 'other';
  readonly mediaType: string;
}

/** What the bytes of a manifest say; `mediaType` is the declared one, bare and in lower case. */
export type Manifest = Index | Image | OtherManifest;

/**
 * Reads a manifest that came with the given `Content-Type`. `undefined` when the bytes are no JSON
 * object or contradict that type: a web page of a captive portal, an error with status 200, a
 * `mediaType` member that says otherwise, or members of both an image and an index, which containerd
 * refuses as ambiguous.
 *
 * A descriptor with a digest that the mirror cannot verify, or one that is malformed, does not make
 * the manifest unreadable, because a pull of a platform that does not need it must go on. It is left
 * out, for it vouches for nothing, and in an image it sets `undeliverable`.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): Manifest | undefined {
  const body = parseJsonObject(bytes);
  if (body === undefined) return undefined;
  const declared = bareMediaType(mediaType);
  if (isIndex(declared)) return parseIndex(body, declared);
  if (isImage(declared)) return parseImage(body, declared, bytes);
  return { kind: 'other', mediaType: declared };
}

/**
 * The blobs that a client fetches from the registry to have the image: config and layers, without
 * those that it fetches from `urls`. Empty for anything but an image. `undefined` when one of them is
 * undeliverable, so that such an image is never taken for complete.
 */
export function blobsOf(manifest: Manifest): readonly Descriptor[] | undefined {
  if (manifest.kind !== 'image') return [];
  if (manifest.undeliverable) return undefined;
  const { config, layers } = manifest;
  return [...(config ? [config] : []), ...layers].filter(({ urls }) => urls === undefined);
}

function parseIndex(body: JsonObject, mediaType: string): Index | undefined {
  const { manifests } = body;
  if (contradicts(body, mediaType) || manifests === undefined || !isList(manifests)) {
    return undefined;
  }
  if (isPresent(body['config']) || isPresent(body['layers'])) return undefined;
  return { kind: 'index', mediaType, manifests: readable(manifests) };
}

function parseImage(body: JsonObject, mediaType: string, bytes: Uint8Array): Image | undefined {
  const { config, layers } = body;
  if (contradicts(body, mediaType) || !isJsonObject(config) || !isList(layers)) return undefined;
  if (isPresent(body['manifests'])) return undefined;
  return {
    kind: 'image',
    mediaType,
    config: parseDescriptor(config),
    layers: readable(layers),
    undeliverable: [config, ...(layers ?? [])].some(isUndeliverable),
    ambiguous: isAmbiguousJson(Buffer.from(bytes).toString()),
  };
}

/** OCI image-spec: a `mediaType` member must match the declared type; Docker's types require one. */
function contradicts({ mediaType }: JsonObject, declared: string): boolean {
  if (!isPresent(mediaType)) return false;
  return typeof mediaType !== 'string' || bareMediaType(mediaType) !== declared;
}

function isPresent(member: unknown): boolean {
  return member !== undefined && member !== null;
}

/** Go writes an empty list as `null` when it was never filled. */
function isList(member: unknown): member is readonly unknown[] | null | undefined {
  return !isPresent(member) || Array.isArray(member);
}

function readable(list: readonly unknown[] | null | undefined): Descriptor[] {
  return (list ?? []).flatMap((entry) => parseDescriptor(entry) ?? []);
}

function isUndeliverable(entry: unknown): boolean {
  const fetchedElsewhere = isJsonObject(entry) && hasUrls(entry);
  return parseDescriptor(entry) === undefined && !fetchedElsewhere;
}
