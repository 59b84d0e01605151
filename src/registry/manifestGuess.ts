import { isJsonObject, parseJsonObject, textOf } from './jsonObject.ts';
import { parseManifest } from './manifest.ts';
import { bareMediaType, isImage, isIndex, mediaTypes } from './mediaType.ts';

/**
 * What bytes of which nothing else is known call themselves, if they are an image manifest or an index.
 * Those that don't say are OCI's: Docker's types have to (image-spec, "Image Manifest Property
 * Descriptions"), and have the members that make one. `undefined` for anything else.
 */
export function guessManifestType(bytes: Uint8Array): string | undefined {
  const body = parseJsonObject(bytes);
  if (body?.['schemaVersion'] !== 2) return undefined;
  const stated = textOf(body, 'mediaType');
  const implied = Array.isArray(body['manifests'])
    ? mediaTypes.ociIndex
    : isJsonObject(body['config']) && Array.isArray(body['layers'])
      ? mediaTypes.ociManifest
      : undefined;
  const mediaType = stated === undefined ? implied : bareMediaType(stated);
  if (mediaType === undefined || !(isImage(mediaType) || isIndex(mediaType))) return undefined;
  return parseManifest(bytes, mediaType) === undefined ? undefined : mediaType;
}
