import { mediaTypes } from '../../../src/registry/mediaType.ts';

/** What every client accepts: docker-registry has no OCI manifest for one that doesn't name the type. */
export const accept = `${mediaTypes.ociManifest}, */*`;
