import { fileURLToPath } from 'node:url';
import { loadConfiguration } from '../../../src/config/loadConfiguration.ts';
import { parseRegistryPath } from '../../../src/http/registryPath.ts';
import { readTarget } from '../../../src/http/requestTarget.ts';
import { selectRange } from '../../../src/registry/byteRange.ts';
import { parseChallenges } from '../../../src/registry/challenge.ts';
import { digestOf, parseDigest } from '../../../src/registry/digest.ts';
import { parseImageName } from '../../../src/registry/imageName.ts';
import { parseManifest } from '../../../src/registry/manifest.ts';
import { fixedBlob } from '../../support/blobContent.ts';
import { buildImage, buildIndex, type ManifestContent } from '../../support/images.ts';
import { often, type Part, type PartWork } from './part.ts';

const digest = digestOf(Buffer.from('parsing'));
const sha512 = digestOf(Buffer.from('parsing'), 'sha512');

/** What it costs to read what others have written. */
export const parsing: Part = {
  name: 'parsing',
  works: async () => [...requests(), ...names(), ...manifests(), ...headers(), configuration()],
};

function requests(): PartWork[] {
  const byTag = ['/v2/library/alpine/manifests/3.20', '/v2/grafana/grafana/manifests/latest'];
  const byDigest = ['library/alpine', 'bitnami/charts/nginx'].flatMap((name) => [
    `/v2/${name}/manifests/${digest}`,
    `/v2/${name}/blobs/${digest}`,
  ]);
  return [
    often(
      'request target with ns',
      ['/v2/a/tags/list?ns=docker.io', '/v2/?ns=ghcr.io'],
      readTarget,
    ),
    often('request target without query', byTag, readTarget),
    often('path by tag', byTag, parseRegistryPath),
    often('path by digest', byDigest, parseRegistryPath),
    often('path by digest, colon encoded', byDigest.map(encodedColon), parseRegistryPath),
  ];
}

function encodedColon(path: string): string {
  return path.replace('sha256:', 'sha256%3A');
}

function names(): PartWork[] {
  const images = ['alpine', 'grafana/grafana:11.3.0', `quay.io:443/a/b@${digest}`, 'localhost/c:d'];
  return [
    often('image reference', images, parseImageName),
    often('digest, sha256', [digest, digestOf(Buffer.from('other'))], parseDigest),
    often('digest, sha512', [sha512], parseDigest),
  ];
}

function manifests(): PartWork[] {
  const layers = Array.from({ length: 10 }, (_, index) => fixedBlob(`layer ${index}`));
  const architectures = ['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x', 'riscv64', 'mips64le'];
  const images = architectures.map((architecture) =>
    buildImage({ layers, platform: { os: 'linux', architecture } }),
  );
  return [
    often(
      'manifest with 10 layers',
      images.slice(0, 2).map(({ manifest }) => manifest),
      readManifest,
    ),
    often('index of 8 platforms', [buildIndex(images).manifest], readManifest),
  ];
}

function readManifest({ bytes, mediaType }: ManifestContent): unknown {
  return parseManifest(bytes, mediaType);
}

function headers(): PartWork[] {
  const challenge =
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull"';
  const ranges = ['bytes=0-1048575', 'bytes=1048576-', 'bytes=-512'];
  return [
    often('challenge', [challenge, `Basic realm="a", ${challenge}`], parseChallenges),
    often('range', ranges, (range) => selectRange(range, 1024 ** 3)),
  ];
}

function configuration(): PartWork {
  const file = fileURLToPath(new URL('../../../config/pullthrough.yaml', import.meta.url));
  return {
    name: 'configuration: the sample file, read, checked, listed',
    run: () => loadConfiguration({ file, environment: {} }),
  };
}
