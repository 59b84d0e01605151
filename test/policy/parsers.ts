import * as fc from 'fast-check';
import { parseSamples } from '../../src/cli/statsSamples.ts';
import { parseAddressRange } from '../../src/config/addressRange.ts';
import { parseByteSize } from '../../src/config/byteSize.ts';
import { ConfigurationError } from '../../src/config/configurationProblem.ts';
import { parseDuration } from '../../src/config/duration.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { parseHtpasswd } from '../../src/config/htpasswd.ts';
import { parseListenAddress } from '../../src/config/listenAddress.ts';
import { parseHost, parseRegistryHost } from '../../src/config/registryHost.ts';
import { readUpstreamUrl } from '../../src/config/upstreamUrl.ts';
import { readYaml } from '../../src/config/yamlSource.ts';
import { readCommonName } from '../../src/http/clientCertificate.ts';
import { matchesEntityTag } from '../../src/http/conditional.ts';
import { parseRegistryPath } from '../../src/http/registryPath.ts';
import { readTarget } from '../../src/http/requestTarget.ts';
import { parseContentRange, selectRange } from '../../src/registry/byteRange.ts';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { contentNature } from '../../src/registry/contentNature.ts';
import { parseDescriptor } from '../../src/registry/descriptor.ts';
import { digestOf, parseDigest } from '../../src/registry/digest.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { parseGlob } from '../../src/registry/glob.ts';
import { parseImageName } from '../../src/registry/imageName.ts';
import { parseImagePattern } from '../../src/registry/imagePattern.ts';
import { parseJsonObject } from '../../src/registry/jsonObject.ts';
import { nextLink } from '../../src/registry/link.ts';
import { guessManifestType } from '../../src/registry/manifestGuess.ts';
import { parseManifest } from '../../src/registry/manifest.ts';
import { bareMediaType, mediaTypes } from '../../src/registry/mediaType.ts';
import { parseLayoutIndex } from '../../src/registry/ociLayout.ts';
import { parsePlatform } from '../../src/registry/platform.ts';
import { parseReference, parseTag } from '../../src/registry/reference.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import { loadFrom } from '../config/loadFrom.ts';
import { anyText } from '../support/anyText.ts';

/** What reads a text that somebody else wrote. */
export interface Parser {
  readonly read: (text: string) => unknown;
  /** What its texts are made of, so that many of those that are tried are nearly right. */
  readonly pieces: readonly string[];
  /** The error that it is documented to throw. */
  readonly error?: typeof RegistryError | typeof ConfigurationError;
  /** Characters of the longest text that is tried; a megabyte if not said otherwise. */
  readonly longest?: number;
}

const megabyte = 1_000_000;
// The YAML parser is not ours, and what it reads the operator wrote.
const yamlLongest = 20_000;
const field = ['a', 'B', '1', '=', ',', ';', '"', '\\', ' ', '\t', '<', '>', '~', 'é'];
const hex = ['sha256:', 'sha512:', 'sha384:', 'a', '0', 'f'.repeat(63), 'A', 'g', ':', '-', '\n'];
const json = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\u',
  '1e',
  'null',
  '{"a":',
  '"digest"',
  '\ufeff',
];
const names = ['a', 'z9', '/', '.', '_', '__', '-', 'A', '%2f', '..', '\\', '\0', '\n', ':', '@'];
const hosts = ['a', '0', 'A-', '.', ':', '[', ']', '::1', ':65536', '-', '/', '@', '%', ' '];
const yaml = [
  'a',
  ': ',
  '- ',
  '\n',
  '  ',
  '"',
  "'",
  '&a ',
  '*a',
  '{',
  '}',
  '[',
  ']',
  '#',
  '!t ',
  '|',
];
const numbers = ['0', '1', '9', '.', ' ', '-', 'e', 'MiB', 'B', 'ms', 'm', 's', 'd', '\n'];
const digest = digestOf(Buffer.from(''));
const yamlOf = { longest: yamlLongest, pieces: yaml };

/** By the name of the function, which every parser below these folders has to be found under. */
export const parsers: Readonly<Record<string, Parser>> = {
  bareMediaType: { read: bareMediaType, pieces: field },
  contentNature: {
    read: (text) => contentNature(Buffer.from(text)),
    pieces: ['<!--', '-->', '<', '<html', '>', ' ', '{', 'x', '\0'],
  },
  guessManifestType: { read: (text) => guessManifestType(Buffer.from(text)), pieces: json },
  matchesEntityTag: {
    read: (text) => matchesEntityTag(text, digest),
    pieces: ['W/', '"', ',', ' ', '*', digest],
  },
  nextLink: { read: nextLink, pieces: [...field, 'rel', '; rel="next"', '</v2/>'] },
  parseAddressRange: { read: parseAddressRange, pieces: [...hosts, '10.0.0.0', 'db8', '/', '/32'] },
  parseByteSize: { read: parseByteSize, pieces: numbers },
  parseChallenges: { read: parseChallenges, pieces: [...field, 'Bearer ', 'realm="'] },
  parseContentRange: {
    read: parseContentRange,
    pieces: ['bytes', ' ', '\t', '0', '9', '-', '/', '*', ','],
  },
  parseDescriptor: {
    read: (digestText) => parseDescriptor({ mediaType: 'a/b', digest: digestText, size: 1 }),
    pieces: hex,
  },
  parseDigest: { read: parseDigest, pieces: hex },
  parseDuration: { read: parseDuration, pieces: numbers },
  parseGlob: {
    read: (text) => parseGlob(text)?.matches(text),
    pieces: ['a', 'z9', '*', '**', '/', '?', '[', '!', ']', '-', '[a-z]', '.', '{', '\\', '\0'],
  },
  parseHost: { read: parseHost, pieces: hosts },
  parseHtpasswd: {
    read: parseHtpasswd,
    pieces: ['a', ':', '#', '\n', '\r', ' ', '\ufeff', '$2y$10$', 'x'.repeat(53)],
  },
  parseImageName: { read: parseImageName, pieces: [...names, ...hosts, ...hex] },
  parseImagePattern: {
    read: (text) => parseImagePattern(text)?.repository.matches(text),
    pieces: [...names, ...hosts, '*', '**', '?', '[a-z]', '[', '!'],
  },
  parseJsonObject: { read: (text) => parseJsonObject(Buffer.from(text)), pieces: json },
  parseLayoutIndex: { read: (text) => parseLayoutIndex(Buffer.from(text)), pieces: json },
  parseListenAddress: { read: parseListenAddress, pieces: hosts },
  parseManifest: {
    read: (text) => parseManifest(Buffer.from(text), mediaTypes.ociIndex),
    pieces: json,
  },
  parsePlatform: { read: parsePlatform, pieces: [...names, 'linux', 'arm', 'v8', 'x86_64'] },
  parseReference: { read: parseReference, pieces: [...names, ...hex] },
  parseRegistryHost: { read: parseRegistryHost, pieces: hosts },
  parseRegistryPath: {
    read: parseRegistryPath,
    pieces: [...names, ...hex, '/v2/', '/manifests/', '/blobs/', '/tags/list', '/referrers/', '%'],
    error: RegistryError,
  },
  parseRepositoryName: { read: parseRepositoryName, pieces: names },
  parseSamples: {
    read: parseSamples,
    pieces: [
      'a',
      '{',
      '}',
      'b="',
      '"',
      '\\',
      'n',
      ',',
      ' ',
      '\t',
      '1',
      '=',
      '#',
      '\n',
      '\r',
      '\u2028',
    ],
  },
  parseTag: { read: parseTag, pieces: names },
  readCommonName: { read: readCommonName, pieces: ['a', 'é', ' ', '\n', '\0', '\u202e', '*'] },
  readEnvironment: {
    read: (text) => readEnvironment({ PULLTHROUGH_UPSTREAMS: text, PULLTHROUGH_LISTEN: text }),
    ...yamlOf,
  },
  readTarget: {
    read: readTarget,
    pieces: ['/', '?', '&', '=', '#', 'ns', 'ns=', '%', '%2', '+', 'é', '\0'],
    error: RegistryError,
  },
  readUpstreamUrl: {
    read: readUpstreamUrl,
    pieces: [...hosts, 'https://', 'http:', '?', '#', '\\'],
  },
  readYaml: { read: (text) => readYaml(text, 'a text'), ...yamlOf },
  selectRange: {
    read: (text) => selectRange(text, 1000),
    pieces: ['bytes=', '0', '9', '-', ',', ' ', '\t', '='],
  },
  'loadConfiguration of one setting': {
    read: (text) =>
      loadFrom({
        environment: {
          PULLTHROUGH_LISTEN: text,
          PULLTHROUGH_STORAGE_MAX_SIZE: text,
          PULLTHROUGH_OFFLINE: text,
          PULLTHROUGH_UPSTREAMS: text,
        },
      }),
    ...yamlOf,
    error: ConfigurationError,
  },
};

function readSafely({ read, error }: Parser, text: string): void {
  try {
    read(text);
  } catch (thrown) {
    if (error === undefined || !(thrown instanceof error)) throw thrown;
  }
}

/** Something, then the same over and over, then something that may not fit: what makes a pattern run back. */
function longTexts({ pieces, longest = megabyte }: Parser): fc.Arbitrary<string> {
  const some = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 3 });
  const repeated = fc.string({ unit: fc.constantFrom(...pieces), minLength: 1, maxLength: 3 });
  return fc
    .tuple(some, repeated, some)
    .map(([start, middle, end]) => start + middle.repeat(longest / middle.length) + end);
}

/** A parser takes any text without an error but its own. */
export function assertTakesAnyText(parser: Parser): void {
  const nearlyRight = fc.string({ unit: fc.constantFrom(...parser.pieces), maxLength: 60 });
  const texts = fc.oneof(anyText(), nearlyRight);
  fc.assert(fc.property(texts, (text) => readSafely(parser, text)));
}

/** A parser gets to the end of very long texts, of which so many are tried. */
export function assertReadsLongTexts(parser: Parser, numRuns: number): void {
  fc.assert(
    fc.property(longTexts(parser), (text) => readSafely(parser, text)),
    { numRuns },
  );
}
