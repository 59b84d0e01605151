import { z } from 'zod';
import {
  boolean,
  duration,
  globs,
  host,
  path,
  reason,
  registryHost,
  secret,
  someGlobs,
  tokenCommand,
  upstreamUrl,
} from './settingKinds.ts';

const account = z.strictObject({
  username: z
    .string()
    // RFC 7617, section 2: a user-id with a colon can't be sent.
    .regex(/^[^:\s]+$/)
    .optional()
    .meta({
      expected: 'a user name without colons and spaces',
      description:
        'User, or for an organization access token the organization. With `dockerConfig` it may be left out: the file knows it.',
    }),
  token: secret
    .optional()
    .describe(
      'Access token or password. Either this, `tokenFile`, `tokenCommand` or `dockerConfig`.',
    ),
  tokenFile: path
    .optional()
    .describe('File that holds the token. It is read again when it has changed.'),
  tokenCommand: tokenCommand
    .optional()
    .describe(
      'Program, with its arguments, that prints the token, or `{"Username": …, "Secret": …}`. It is run without a shell.',
    ),
  dockerConfig: path
    .optional()
    .describe(
      'Docker’s `config.json`, with `auths`, `credHelpers` or `credsStore`. It is read again when it has changed.',
    ),
  tokenLife: duration
    .prefault('1h')
    .describe('How long the answer of `tokenCommand` or of a credential helper is used.'),
  repositories: globs
    .optional()
    .describe('Patterns of the repositories that the account is for; without it: for all.'),
});

const tagRule = z.strictObject({
  tags: someGlobs.describe('Patterns of the tags that the rule is for.'),
  repositories: globs
    .optional()
    .describe('Patterns of the repositories that the rule is for; without it: for all.'),
  freshness: duration.describe('How long these tags are served without asking the registry.'),
});

const allowed = z.strictObject({
  repositories: someGlobs.describe('Patterns of the repositories that are served.'),
  reason: reason.describe('What whoever asks for another one is told, with 403 `DENIED`.'),
});

const denied = z.strictObject({
  repositories: someGlobs.describe('Patterns of the repositories that are not served.'),
  reason: reason.describe('What whoever asks for one is told, with 403 `DENIED`.'),
});

/** The settings of one upstream. */
export const upstream = z.strictObject({
  host: registryHost.describe('The name that image names give to the registry.'),
  url: upstreamUrl
    .optional()
    .describe(
      'Address of its API. Without one: `https://` and the host; for docker.io `https://registry-1.docker.io`.',
    ),
  accounts: z
    .array(account)
    .prefault([])
    .meta({ secret: true, description: 'Accounts to pull with. None: anonymously.' }),
  anonymousFallback: boolean
    .prefault(false)
    .describe('Ask anonymously when no account can be used.'),
  reserve: z.int().nonnegative().prefault(0).meta({
    expected: 'a whole number of pulls, 0 or more',
    description: 'Pulls of each account that are left to the repositories of `essential`.',
  }),
  essential: globs
    .prefault([])
    .describe('Patterns of the repositories that may spend the `reserve`.'),
  quotaProbe: duration
    .prefault('0')
    .describe(
      'How long after the last reading an account’s pull limit is asked for again, by a request that does not count; `0`: never.',
    ),
  tagFreshness: duration
    .prefault('1m')
    .describe('How long a tag is served without asking the registry; `0` asks each time.'),
  tagRules: z
    .array(tagRule)
    .prefault([])
    .describe('Exceptions from `tagFreshness`; the first one that is for a tag counts.'),
  staleIfError: duration
    .prefault('7d')
    .describe('How long past that a tag may still be served while the registry fails.'),
  absentFreshness: duration
    .prefault('10s')
    .describe('How long it is remembered that a tag, manifest or repository does not exist.'),
  trustedHosts: z
    .array(host)
    .prefault([])
    .describe(
      'Hosts beyond its own domain that the registry may name as its token service or redirect to, also on private addresses.',
    ),
  allow: allowed
    .optional()
    .describe('The only repositories that are served to anybody; without it: all.'),
  deny: z.array(denied).prefault([]).meta({
    expected: 'a list of repositories and reasons',
    description:
      'Repositories that are served to nobody, also if `allow` has them; the first one that is for a repository counts.',
  }),
});
