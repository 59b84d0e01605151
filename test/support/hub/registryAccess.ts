import { claimedUsername, type Accounts } from './accounts.ts';
import { readableRepository, type Content, type Repository } from './content.ts';
import type { HubRequest } from './hubRequest.ts';
import type { HubSettings } from './hubSettings.ts';
import type { Puller } from './pullLimits.ts';
import { errorReply, type Reply } from './reply.ts';
import type { Tokens } from './tokens.ts';

/** Why a registry challenges a client that did present something (RFC 6750, section 3.1). */
export type ChallengeError = 'invalid_token' | 'insufficient_scope';

/** Either whom the registry is dealing with, or how it sends them away. */
export type Admission =
  | { readonly puller: Puller; readonly repository: Repository | undefined }
  | { readonly refusal: Reply };

/** Who may read what at the registry. */
export interface RegistryAccess {
  /** Checks what the client presents against what it asks for. */
  admit(request: HubRequest): Admission;
  /** The 401 with this registry's challenge, if it has one. */
  challenge(request: HubRequest, error?: ChallengeError): Reply;
  /** Whose credentials or token a request carries, right or wrong. */
  readonly accountOf: (request: HubRequest) => string | undefined;
}

/** What access is decided by. */
export interface RegistryAccessParts {
  readonly settings: HubSettings;
  readonly accounts: Accounts;
  readonly content: Content;
  readonly tokens: Tokens;
  /** The address of the token service. */
  readonly realm: string;
}

/** The rules of Docker Hub, or of a registry with Basic or without authentication. */
export function registryAccess(parts: RegistryAccessParts): RegistryAccess {
  const { settings, accounts, content, tokens, realm } = parts;
  const challenge = (request: HubRequest, error?: ChallengeError) =>
    challengeReply(challengeHeader(settings.auth, realm, request, error), request);
  const admitWithBearer = (request: HubRequest): Admission => {
    const grant = tokens.check(request.headers.authorization);
    if (grant === undefined) return { refusal: challenge(request) };
    if (grant === 'invalid') return { refusal: challenge(request, 'invalid_token') };
    const { account } = grant;
    const puller = { account, source: request.source };
    if (request.repository === undefined) return { puller, repository: undefined };
    const repository = readableRepository(content, request.repository, account?.username);
    const isGranted = grant.repositories.has(request.repository);
    if (repository === undefined || !isGranted) {
      return { refusal: challenge(request, 'insufficient_scope') };
    }
    return { puller, repository };
  };
  const admitPlainly = (request: HubRequest): Admission => {
    const account =
      settings.auth === 'none' ? undefined : accounts.signIn(request.headers.authorization);
    const isStranger = settings.auth === 'basic' && account === undefined;
    if (isStranger || account === 'wrong') return { refusal: challenge(request) };
    const puller = { account, source: request.source };
    const repository = readableRepository(content, request.repository, account?.username);
    if (repository !== undefined || request.repository === undefined) return { puller, repository };
    return { refusal: errorReply(404, 'NAME_UNKNOWN', 'repository name not known to registry') };
  };
  return {
    admit: settings.auth === 'bearer' ? admitWithBearer : admitPlainly,
    challenge,
    accountOf: ({ headers: { authorization } }) => {
      const grant = tokens.check(authorization);
      const known = grant === 'invalid' ? undefined : grant?.account?.username;
      return known ?? claimedUsername(authorization);
    },
  };
}

function challengeHeader(
  auth: HubSettings['auth'],
  realm: string,
  request: HubRequest,
  error: ChallengeError | undefined,
): string | undefined {
  if (auth === 'none') return undefined;
  if (auth === 'basic') return 'Basic realm="Registry Realm"';
  const { repository } = request;
  return [
    `Bearer realm="${realm}"`,
    'service="registry.docker.io"',
    ...(repository === undefined ? [] : [`scope="repository:${repository}:pull"`]),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ].join(',');
}

function challengeReply(header: string | undefined, request: HubRequest): Reply {
  const { repository } = request;
  return errorReply(401, 'UNAUTHORIZED', 'authentication required', {
    headers: header === undefined ? {} : { 'www-authenticate': header },
    detail:
      repository === undefined
        ? null
        : [{ Type: 'repository', Class: '', Name: repository, Action: 'pull' }],
  });
}
