import { z } from 'zod';
import { parseAddressRange } from './addressRange.ts';
import { byteSizePattern, formatByteSize, parseByteSize } from './byteSize.ts';
import { durationPattern, formatDuration, parseDuration } from './duration.ts';
import { dockerHubAliases, dockerHubHost } from './dockerHub.ts';
import { formatListenAddress, parseListenAddress, type ListenAddress } from './listenAddress.ts';
import { Glob, parseGlob } from '../registry/glob.ts';
import { parseImageName } from '../registry/imageName.ts';
import { parseImagePattern } from '../registry/imagePattern.ts';
import { parsePlatform } from '../registry/platform.ts';
import { parseHost, parseRegistryHost } from './registryHost.ts';
import { isSchedule } from './schedule.ts';
import { Secret } from './secret.ts';
import { showTokenCommand, tokenCommandOf, type TokenCommand } from './tokenCommand.ts';
import { readUpstreamUrl } from './upstreamUrl.ts';

declare module 'zod' {
  interface GlobalMeta {
    /** What is right for the setting, as the object of "expected …". */
    expected?: string;
    /** The command line's flag for the setting, without dashes, and the name of its value. */
    flag?: { readonly name: string; readonly value?: string };
    /** Neither the value nor anything within it may be shown. */
    secret?: boolean;
  }
}

/** Reports a problem from within a codec. The issue keeps no trace of the input, which may be secret. */
function refuse(context: z.core.ParsePayload, expected: string): never {
  context.issues.push({ code: 'custom', input: undefined, message: `expected ${expected}` });
  return z.NEVER;
}

/** A truth. */
export const boolean = z.boolean().meta({ expected: 'true or false' });

/** One of a few words. */
export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values).meta({ expected: `one of ${values.join(', ')}` });
}

/** A file or a directory. */
export const path = z.string().min(1).meta({ expected: 'a path' });

/** A location of another server, without a slash at its end. */
export const internalLocation = z
  .string()
  .regex(/^(?:\/(?!v2(?:\/|$)|\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+$/)
  .meta({ expected: 'a path such as /internal-blobs, beside /v2' });

const sizeExpected = 'a size such as 512MiB, 100GB or plain bytes';
const sizeInput = z.union([z.string().regex(byteSizePattern), z.int().nonnegative()]);

/** A size; a bare number stands for bytes. Parsed: whole bytes. */
export const byteSize = z
  .codec(sizeInput, z.number(), {
    decode: (input, context) =>
      parseByteSize(String(input)) ?? refuse(context, `${sizeExpected}, below 8PiB`),
    encode: formatByteSize,
  })
  .meta({ expected: sizeExpected });

/** A size that bounds something, where 0 stands for "no bound". Parsed: whole bytes, or `undefined`. */
export const byteBound = z
  .codec(byteSize, z.number().optional(), {
    decode: (bytes) => (bytes === 0 ? undefined : bytes),
    encode: (bytes) => bytes ?? 0,
  })
  .meta({ expected: sizeExpected });

const durationExpected = 'a duration such as 500ms, 30s, 5m, 24h, 7d or 0';

/** A duration. Parsed: whole milliseconds. */
export const duration = z
  .codec(z.union([z.string().regex(durationPattern), z.literal(0)]), z.number(), {
    decode: (input, context) => parseDuration(String(input)) ?? refuse(context, durationExpected),
    encode: formatDuration,
  })
  .meta({ expected: durationExpected });

const shareExpected = 'a share such as 90% or 97.5%';

/** A duration that bounds something, where 0 stands for "no bound". Parsed: milliseconds, or `undefined`. */
export const durationBound = z
  .codec(duration, z.number().optional(), {
    decode: (milliseconds) => (milliseconds === 0 ? undefined : milliseconds),
    encode: (milliseconds) => milliseconds ?? 0,
  })
  .meta({ expected: durationExpected });

/** A part of a whole, in percent. Parsed: from above 0 to 1. */
export const share = z
  .codec(z.string().regex(/^\d{1,3}(?:\.\d{1,3})?%$/), z.number(), {
    decode: (text, context) => {
      const percent = Number(text.slice(0, -1));
      return percent > 0 && percent <= 100 ? percent / 100 : refuse(context, shareExpected);
    },
    encode: (value) => `${Number((value * 100).toFixed(3))}%`,
  })
  .meta({ expected: shareExpected });

const listenExpected = 'host:port, [IPv6 address]:port, or :port for every address';

/** An address to listen on. Parsed: a {@link ListenAddress}. */
export const listenAddress = z
  .codec(z.string(), z.custom<ListenAddress>(), {
    decode: (text, context) => parseListenAddress(text) ?? refuse(context, listenExpected),
    encode: formatListenAddress,
  })
  .meta({ expected: listenExpected });

const globExpected = 'a pattern such as acme/*, acme/** or v[0-9]*, without braces';

/** A pattern for names. Parsed: a {@link Glob}. */
export const glob = z
  .codec(z.string(), z.instanceof(Glob), {
    decode: (text, context) => parseGlob(text) ?? refuse(context, globExpected),
    encode: String,
  })
  .meta({ expected: globExpected });

/** Patterns for names. */
export const globs = z.array(glob).meta({ expected: 'a list of patterns' });

/** Patterns for what would make no sense for nothing. */
export const someGlobs = z.array(glob).min(1).meta({ expected: 'a list of at least one pattern' });

/** A text that is checked and left as it is. */
function checkedText(isRight: (text: string) => boolean, expected: string) {
  return z
    .string()
    .refine(isRight, { message: `expected ${expected}` })
    .meta({ expected });
}

/** Text for people: one line. */
export const reason = checkedText(isLine, 'a line of text that says why');

/** What a user or a group is called. No pattern: what looks like one would be taken for one. */
export const givenName = checkedText(isName, 'a name without *');

/** What a user is called, or `*`. */
export const userOrEvery = checkedText(
  (text) => text === '*' || isName(text),
  "a user's name, or * for every user",
);

/** The common name of a certificate may hold spaces and colons, which a user-id of RFC 7617 can't. */
function isName(text: string): boolean {
  return isLine(text) && !text.includes('*');
}

function isLine(text: string): boolean {
  return /^[^\p{Cc}]+$/u.test(text) && text.trim() === text;
}

/** A pattern for images; which registry it means shows with the upstreams. */
export const imagePattern = checkedText(
  (text) => parseImagePattern(text) !== undefined,
  'a pattern of images such as library/alpine, acme/**:v[0-9]* or ghcr.io/acme/*',
);

/** The name of an image. */
export const imageName = checkedText(
  (text) => parseImageName(text) !== undefined,
  'the name of an image such as alpine:3.20 or ghcr.io/acme/app:1.2',
);

/** A platform, or all of them. */
export const platform = checkedText(
  (text) => text === 'all' || parsePlatform(text) !== undefined,
  'a platform such as linux/amd64 or linux/arm/v7, or all',
);

/** Times in the form of cron. */
export const schedule = checkedText(
  isSchedule,
  'times as cron has them, such as "0 5 * * 1-5" or @daily',
);

const rangeExpected =
  'an address or a range of them such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32';

/** A range of addresses (CIDR, RFC 4632). Parsed: the address, a slash and the length of the prefix. */
export const addressRange = z
  .codec(z.string(), z.string(), {
    decode: (text, context) => parseAddressRange(text) ?? refuse(context, rangeExpected),
    encode: (range) => range,
  })
  .meta({ expected: rangeExpected });

const countExpected = 'a whole number, 0 or more';

/** A number of things. Parsed: a whole number. */
export const count = z
  .codec(z.union([z.string().regex(/^\d{1,9}$/), z.int().nonnegative()]), z.number(), {
    decode: Number,
    encode: String,
  })
  .meta({ expected: countExpected });

const registryHostExpected = 'a registry as image names give it, such as ghcr.io or localhost:5000';

/** The name of a registry. Parsed: in lower case. */
export const registryHost = z
  .codec(z.string(), z.string(), {
    decode: (text, context) => {
      const name = parseRegistryHost(text) ?? refuse(context, registryHostExpected);
      return dockerHubAliases.includes(name)
        ? refuse(context, `${dockerHubHost}, which stands for Docker Hub's other names too`)
        : name;
    },
    encode: (name) => name,
  })
  .meta({ expected: registryHostExpected });

const hostExpected = 'a host or host:port, such as auth.example.com';

/** A host with or without a port. Parsed: in lower case. */
export const host = z
  .codec(z.string(), z.string(), {
    decode: (text, context) => parseHost(text) ?? refuse(context, hostExpected),
    encode: (name) => name,
  })
  .meta({ expected: hostExpected });

/** The address of a registry's API. Parsed: its origin, without a trailing slash. */
export const upstreamUrl = z
  .codec(z.string(), z.string(), {
    decode: (text, context) => {
      const reading = readUpstreamUrl(text);
      return 'origin' in reading ? reading.origin : refuse(context, reading.expected);
    },
    encode: (origin) => origin,
  })
  .meta({ expected: 'an address such as https://registry.example.com' });

/** A program with its arguments. Parsed: a {@link TokenCommand}. */
export const tokenCommand = z
  .codec(z.array(z.string().min(1)).min(1), z.custom<TokenCommand>(), {
    decode: tokenCommandOf,
    encode: showTokenCommand,
  })
  .meta({ expected: 'a list of a program and its arguments', secret: true });

const bearerExpected = 'a token of printable ASCII characters without spaces';

/** A token that callers send as `Bearer` (RFC 6750, section 2.1). Parsed: a {@link Secret}. */
export const bearerToken = z
  .codec(z.string(), z.instanceof(Secret), {
    decode: (text, context) =>
      /^[!-~]+$/.test(text) ? new Secret(text) : refuse(context, bearerExpected),
    encode: String,
  })
  .meta({ expected: bearerExpected, secret: true });

/** A token or password. Parsed: a {@link Secret}. */
export const secret = z
  .codec(z.string().min(1), z.instanceof(Secret), {
    decode: (text) => new Secret(text),
    encode: String,
  })
  .meta({ expected: 'a token, as text and not empty', secret: true });
