/** The media types of manifests that are pulled today, and that of bytes of which nothing is known. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  octetStream: 'application/octet-stream',
} as const;

/**
 * What an upstream is asked for. Docker Hub picks the answer by `Accept` and would resolve a
 * multi-platform tag to its amd64 image, with another digest, if the index types were missing.
 * Last and least liked comes anything else, for registries that hold types of their own.
 */
export const manifestAccept = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerList,
  mediaTypes.dockerManifest,
  '*/*;q=0.1',
].join(', ');

/** A media type without parameters, in lower case: `application/json; charset=utf-8` → `application/json`. */
export function bareMediaType(value: string): string {
  const semicolon = value.indexOf(';');
  return (semicolon === -1 ? value : value.slice(0, semicolon)).trim().toLowerCase();
}

/** Whether bytes of this type list manifests (an OCI index or a Docker manifest list). */
export function isIndex(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** Whether bytes of this type describe one image (an OCI image manifest or a Docker schema 2 one). */
export function isImage(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}
