import type { Configuration } from './configuration.ts';
import type { ConfigurationWarning } from './configurationWarning.ts';
import { formatListenAddress, isLoopback } from './listenAddress.ts';

const useTls =
  'set tls.certificateFile and tls.keyFile or, behind a proxy that speaks TLS, access.trustedProxies';

/** What the settings leave open, or close to everybody, which an operator may not have meant. */
export function warningsOf(configuration: Configuration): readonly ConfigurationWarning[] {
  return [
    ...openPrivate(configuration),
    ...closedPrivate(configuration),
    ...plainPasswords(configuration),
    ...plainUpstreamCredentials(configuration),
    ...boundlessProxies(configuration),
    ...plainOpsToken(configuration),
  ];
}

function openPrivate(configuration: Configuration): readonly ConfigurationWarning[] {
  const { listen, access } = configuration;
  if (!takesEverybody(configuration) || !access.anonymous) return [];
  const everybody = `everybody who can reach ${formatListenAddress(listen)} is served`;
  const bound = 'or name the ranges that may ask in access.clients';
  return [
    ...keysOfPrivate(configuration, 'allow').map((key) => ({
      key,
      message: `${everybody} what is private upstream`,
      advice: `set it to users, ${bound}`,
    })),
    ...keysOfPublic(configuration).map((key) => ({
      key,
      message: `${everybody} these repositories, private upstream or not`,
      advice: `set it to upstream, ${bound}`,
    })),
  ];
}

function closedPrivate(configuration: Configuration): readonly ConfigurationWarning[] {
  if (configuration.access.rules.some(({ pull }) => pull)) return [];
  return keysOfPrivate(configuration, 'users').map((key) => ({
    key,
    message: 'no rule lets anybody pull, so that what is private upstream is served to no user',
    advice: 'add a rule to access.rules, or set it to deny',
  }));
}

function plainPasswords(configuration: Configuration): readonly ConfigurationWarning[] {
  if (configuration.access.htpasswdFile === undefined) return [];
  const at = formatListenAddress(configuration.listen);
  const key = 'access.htpasswdFile';
  const advice =
    'set tls.certificateFile and tls.keyFile or, with a proxy that speaks TLS on this machine, let listen be on 127.0.0.1';
  if (takesPlain(configuration)) {
    const message = `passwords come to ${at} over plain HTTP, where whoever is on the way can read them`;
    return [{ key, message, advice }];
  }
  if (!takesEverybody(configuration) || configuration.tls.certificateFile !== undefined) return [];
  const message = `whoever reaches ${at} directly, past access.trustedProxies, sends a password in the clear`;
  return [{ key, message, advice }];
}

function plainUpstreamCredentials(configuration: Configuration): readonly ConfigurationWarning[] {
  const { upstreamCredentials } = configuration.access;
  if (upstreamCredentials !== 'verify' || !takesPlain(configuration)) return [];
  return [
    {
      key: 'access.upstreamCredentials',
      message: 'over plain HTTP only the credentials of clients on this machine are verified',
      advice: useTls,
    },
  ];
}

function boundlessProxies({ access }: Configuration): readonly ConfigurationWarning[] {
  return access.trustedProxies.flatMap((range, index) =>
    holdsAll(range)
      ? [
          {
            key: `access.trustedProxies[${index}]`,
            message: `every client is in ${range} and may claim any address, one of access.clients too`,
            advice: 'name the addresses of the proxies and no others',
          },
        ]
      : [],
  );
}

function plainOpsToken({ ops }: Configuration): readonly ConfigurationWarning[] {
  const isPlain = ops.tls.certificateFile === undefined && !isLoopback(ops.listen);
  if (ops.token === undefined || !isPlain) return [];
  const at = formatListenAddress(ops.listen);
  return [
    {
      key: ops.tokenFile === undefined ? 'ops.token' : 'ops.tokenFile',
      message: `the token comes to ${at} over plain HTTP, where whoever is on the way can read it`,
      advice: 'set ops.tls.certificateFile and ops.tls.keyFile, or let ops.listen be on 127.0.0.1',
    },
  ];
}

/** Where it is set that repositories are public, whatever the upstream says. */
function keysOfPublic({ access }: Configuration): readonly string[] {
  return access.namespaces.flatMap(({ visibility }, index) =>
    visibility === 'public' ? [`access.namespaces[${index}].visibility`] : [],
  );
}

/** Where it is set that private repositories are dealt with like this. */
function keysOfPrivate(
  { access }: Configuration,
  mode: Configuration['access']['private'],
): readonly string[] {
  const within = access.namespaces.flatMap((namespace, index) =>
    namespace.private === mode ? [`access.namespaces[${index}].private`] : [],
  );
  return access.private === mode ? ['access.private', ...within] : within;
}

/** Whether every other machine that reaches the mirror is served. A range that holds all addresses bounds nothing. */
function takesEverybody({ listen, access: { clients } }: Configuration): boolean {
  const isBounded = clients.length > 0 && clients.every((range) => !holdsAll(range));
  return !isLoopback(listen) && !isBounded;
}

function holdsAll(range: string): boolean {
  return range.endsWith('/0');
}

/** Whether clients on other machines are served without TLS, not even that of a proxy. */
function takesPlain({ listen, tls, access }: Configuration): boolean {
  return (
    tls.certificateFile === undefined && !isLoopback(listen) && access.trustedProxies.length === 0
  );
}
