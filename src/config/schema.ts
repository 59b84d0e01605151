import { z } from 'zod';
import { access } from './accessSchema.ts';
import { crossFieldRules } from './crossFieldRules.ts';
import { dockerHubHost } from './dockerHub.ts';
import {
  bearerToken,
  boolean,
  byteBound,
  byteSize,
  duration,
  durationBound,
  imagePattern,
  internalLocation,
  listenAddress,
  oneOf,
  path,
  registryHost,
  share,
} from './settingKinds.ts';
import { upstream } from './upstreamSchema.ts';
import { warmEntry } from './warmSchema.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const logFormats = ['auto', 'json', 'pretty'] as const;

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
    tls: z
      .strictObject({
        certificateFile: path
          .optional()
          .describe(
            "PEM file with the certificate that registry clients are served with over TLS, the server's own first and then those that lead to its issuer. Without it they are served over plain HTTP. It is read again when it has changed.",
          ),
        keyFile: path.optional().describe('PEM file with the key of that certificate.'),
        clientCaFile: path
          .optional()
          .describe(
            'PEM file with the certificates of those who issue certificates to clients. A client that shows one is the user that its common name says; none has to. It is read again when it has changed.',
          ),
      })
      .prefault({}),
    accelRedirect: internalLocation
      .optional()
      .describe(
        'The location, such as `/internal-blobs`, in which an nginx before the mirror has the blobs: held ones are left to it to be sent (`X-Accel-Redirect`) where it asks for that, as `config/nginx` has it.',
      ),
    ops: z
      .strictObject({
        listen: listenAddress.prefault('0.0.0.0:5001').meta({
          description: 'Where `/metrics`, `/healthz`, `/readyz` and `/api/v1/` are served.',
          flag: { name: 'ops-listen', value: 'HOST:PORT' },
        }),
        token: bearerToken
          .optional()
          .describe(
            'What a caller of `/api/v1/` has to show. Without it that is only for callers on the same machine.',
          ),
        tokenFile: path.optional().describe('File that holds the token, in the place of `token`.'),
        tls: z
          .strictObject({
            certificateFile: path
              .optional()
              .describe(
                'PEM file with the certificate that the ops endpoints are served with over TLS, as in `tls.certificateFile`.',
              ),
            keyFile: path.optional().describe('PEM file with the key of that certificate.'),
          })
          .prefault({}),
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
        highWater: share
          .prefault('95%')
          .describe(
            'Of the room that `maxSize` and `minFree` leave: when more is taken, the least recently used goes in the background.',
          ),
        lowWater: share.prefault('90%').describe('How far down the cache is cleared then.'),
        maxIdle: durationBound
          .prefault('0')
          .describe('What was not used for so long is removed; `0`: only for want of room.'),
        pin: z.array(imagePattern).prefault([]).meta({
          expected: 'a list of image patterns',
          description:
            'Patterns of repositories or images that are never evicted, such as `library/alpine` or `acme/**:v[0-9]*`.',
        }),
        scrubInterval: durationBound
          .prefault('7d')
          .describe(
            'How often everything that is held is hashed anew in the background; `0`: never.',
          ),
        scrubRate: byteSize
          .prefault('16MiB')
          .describe('How many bytes a second that reads at most.'),
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
        'The registries that are mirrored. docker.io is among them even where it is not listed. `PULLTHROUGH_UPSTREAMS_FILE` names a file with the list.',
    }),
    warm: z.array(warmEntry).prefault([]).meta({
      expected: 'a list of images to be warmed',
      description: 'Images that are fetched before anybody asks for them, by a schedule.',
    }),
    access,
    metrics: z
      .strictObject({
        exporterNames: boolean
          .prefault(false)
          .describe(
            'Export the pull limits also under the names of two widely used exporters, for dashboards that exist.',
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
