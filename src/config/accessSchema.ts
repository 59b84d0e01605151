import { z } from 'zod';
import {
  addressRange,
  boolean,
  count,
  duration,
  givenName,
  host,
  oneOf,
  path,
  registryHost,
  someGlobs,
  userOrEvery,
} from './settingKinds.ts';

/** Whom repositories that are private upstream are served to. */
const privateAccess = oneOf(['deny', 'users', 'allow']);

const names = z.array(givenName).meta({ expected: 'a list of names' });
const ranges = z.array(addressRange).meta({ expected: 'a list of ranges of addresses' });

const namespace = z.strictObject({
  repositories: someGlobs.describe(
    'Patterns of the repositories that this is for, without the name of a registry.',
  ),
  upstream: registryHost
    .optional()
    .describe('The upstream that this is for; without it: every one.'),
  visibility: oneOf(['upstream', 'public', 'private'])
    .prefault('upstream')
    .describe(
      'Whether they are private: `upstream` finds it out by asking without an account, `public` and `private` state it.',
    ),
  private: privateAccess
    .optional()
    .describe('Takes the place of `access.private` for those of them that are private.'),
});

const group = z.strictObject({
  name: givenName.describe('What rules call the group.'),
  users: names.describe(
    'The users in it, as `access.htpasswdFile` or their certificates have them.',
  ),
});

const rule = z.strictObject({
  users: z
    .array(userOrEvery)
    .prefault([])
    .meta({ expected: 'a list of names' })
    .describe(
      'The users that the rule is for, `*` for everybody who has logged in. A rule has users, `groups` or both.',
    ),
  groups: names.prefault([]).describe('The groups of `access.groups` that the rule is for.'),
  repositories: someGlobs.describe(
    'Patterns of the repositories that the rule is for, without the name of a registry; `**` for all.',
  ),
  upstream: registryHost
    .optional()
    .describe('The upstream that the rule is for; without it: every one.'),
  pull: boolean.prefault(true).describe('Whether these users may pull from these repositories.'),
});

const limits = z
  .strictObject({
    requestsPerSecond: count
      .prefault('0')
      .describe('How many requests one client may make in any second; `0`: any number.'),
    streams: count
      .prefault('0')
      .describe('How many large blobs one client may be sent at the same time; `0`: any number.'),
    wait: duration
      .prefault('10s')
      .describe(
        'How long a request beyond that is kept waiting for its turn, at most `15s`, before it is refused with 429.',
      ),
  })
  .prefault({});

/** The settings that say who may pull what. */
export const access = z
  .strictObject({
    anonymous: boolean
      .prefault(true)
      .describe(
        'Whether clients that have not logged in are served what is public. `false` shuts out a Docker daemon that uses the mirror through `registry-mirrors`: it can’t log in there.',
      ),
    private: privateAccess
      .prefault('deny')
      .describe(
        'What an upstream serves to our account but not to an anonymous client: `deny` serves it to nobody, `users` to users whom `access.rules` let pull it, `allow` to everybody.',
      ),
    namespaces: z.array(namespace).prefault([]).meta({
      expected: 'a list of namespaces',
      description:
        'Repositories that are public or private by your word, or have another `private`; the first one that is for a repository counts.',
    }),
    visibilityFreshness: duration
      .prefault('1h')
      .describe(
        'How long it is remembered that a repository is public, before that is checked anew.',
      ),
    htpasswdFile: path
      .optional()
      .describe(
        'File with the users and the bcrypt hashes of their passwords, as `htpasswd -B` writes it. It is read again when it has changed.',
      ),
    groups: z.array(group).prefault([]).meta({
      expected: 'a list of groups',
      description: 'Users that rules have one name for.',
    }),
    rules: z.array(rule).prefault([]).meta({
      expected: 'a list of rules',
      description:
        'Which users may pull what; the first rule that is for a user and a repository counts. Without one, what is private is kept from the user and what is public is not.',
    }),
    upstreamCredentials: oneOf(['ignore', 'verify'])
      .prefault('ignore')
      .describe(
        'What becomes of the user name and token for Docker Hub that a client sends, as a Docker daemon does after `docker login`: `verify` asks Docker Hub whether they may pull the repository and serves it if so, over TLS or on the same machine alone.',
      ),
    logInHosts: z.array(host).prefault([]).meta({
      expected: 'a list of hosts',
      description:
        'Names of this mirror, as the `Host` of a request has them, under which `/v2/` asks everybody to log in, so that `docker login` works while `anonymous` is `true`. A host without a port means every port.',
    }),
    clients: ranges
      .prefault([])
      .describe('Ranges of addresses that may ask for anything at all. Empty: every address.'),
    trustedProxies: ranges
      .prefault([])
      .describe(
        'Ranges of the addresses of proxies before the mirror, which are believed what `X-Forwarded-For` and `X-Forwarded-Proto` say of the client.',
      ),
    limits,
  })
  .prefault({});
