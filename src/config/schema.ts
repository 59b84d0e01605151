import { z } from 'zod';
import { crossFieldRules } from './crossFieldRules.ts';
import { dockerHubHost } from './dockerHub.ts';
import {
  byteBound,
  byteSize,
  duration,
  host,
  listenAddress,
  registryHost,
  secret,
  upstreamUrl,
} from './settingKinds.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const logFormats = ['auto', 'json', 'pretty'] as const;

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values).meta({ expected: `one of ${values.join(', ')}` });
}

const boolean = z.boolean().meta({ expected: 'true or false' });
const path = z.string().min(1).meta({ expected: 'a path' });

const account = z.strictObject({
  username: z
    .string()
    // RFC 7617, section 2: a user-id with a colon can't be sent.
    .regex(/^[^:\s]+$/)
    .meta({
      expected: 'a user name without colons and spaces',
      description: 'User, or for an organization access token the organization.',
    }),
  token: secret.optional().describe('Access token or password. Either this or `tokenFile`.'),
  tokenFile: path.optional().describe('File that holds the token, read once at the start.'),
});

const upstream = z.strictObject({
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
  tagFreshness: duration
    .prefault('1m')
    .describe('How long a tag is served without asking the registry; `0` asks each time.'),
  staleIfError: duration
    .prefault('7d')
    .describe('How long past that a tag may still be served while the registry fails.'),
  trustedHosts: z
    .array(host)
    .prefault([])
    .describe(
      'Hosts beyond its own domain that the registry may name as its token service or redirect to, also on private addresses.',
    ),
});

/**
 * Every setting there is. From this table come the types, the defaults, the environment's names, the
 * flags, the README's table and the editor's schema. What it reads is the text form that a file or the
 * environment gives; what it yields is parsed: sizes in bytes, durations in milliseconds.
 */
export const settingsSchema = z
  .strictObject({
    listen: listenAddress.prefault('0.0.0.0:5000').meta({
      description: 'Where registry clients are served.',
      flag: { name: 'listen', value: 'HOST:PORT' },
    }),
    ops: z
      .strictObject({
        listen: listenAddress.prefault('0.0.0.0:5001').meta({
          description: 'Where `/metrics`, `/healthz` and `/readyz` are served.',
          flag: { name: 'ops-listen', value: 'HOST:PORT' },
        }),
      })
      .prefault({}),
    storage: z
      .strictObject({
        directory: path.prefault('./data').meta({
          description: 'Where the cache is kept. It is created where it does not exist.',
          flag: { name: 'data', value: 'DIR' },
        }),
        maxSize: byteBound
          .prefault('0')
          .describe('How large the cache may grow; `0`: only `storage.minFree` bounds it.'),
        minFree: byteSize
          .prefault('2GiB')
          .describe('Free space on the disk that the cache leaves alone.'),
        memory: byteSize
          .prefault('64MiB')
          .describe('Memory for manifests and small blobs that are asked for often.'),
      })
      .prefault({}),
    offline: boolean.prefault(false).meta({
      description: 'Never ask an upstream: serve what is cached.',
      flag: { name: 'offline' },
    }),
    defaultUpstream: registryHost
      .prefault(dockerHubHost)
      .describe('The upstream of requests that name none, as those of a Docker daemon do.'),
    upstreams: z.array(upstream).prefault([]).meta({
      expected: 'a list of upstreams',
      description:
        'The registries that are mirrored. docker.io is among them even where it is not listed. `PULLTHROUGH_UPSTREAMS` holds the list as YAML or JSON, `PULLTHROUGH_UPSTREAMS_FILE` names a file with it.',
    }),
    access: z
      .strictObject({
        private: oneOf(['deny', 'allow'])
          .prefault('deny')
          .describe(
            'What an upstream serves to our account but not to an anonymous client: `deny` serves it to nobody, `allow` to everybody.',
          ),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: oneOf(logLevels)
          .prefault('info')
          .meta({
            description: `How much is logged: ${logLevels.join(', ')}.`,
            flag: { name: 'log-level', value: 'LEVEL' },
          }),
        format: oneOf(logFormats)
          .prefault('auto')
          .describe('`json` lines, `pretty` text, or `auto`: pretty on a terminal.'),
      })
      .prefault({}),
    shutdownTimeout: duration
      .prefault('30s')
      .describe('How long a stopping mirror goes on sending what it has begun.'),
  })
  .superRefine(crossFieldRules, {
    // Also where a single setting is wrong: all problems are to be reported at once.
    when: ({ value }) => typeof value === 'object' && value !== null,
  });

/** The settings as parsed, before token files are read and addresses filled in. */
export type Settings = z.output<typeof settingsSchema>;
