import type { Accounts } from './accounts.ts';
import { readableRepository, type Content } from './content.ts';
import type { HubRequest } from './hubRequest.ts';
import type { HubSettings } from './hubSettings.ts';
import { jsonReply, type Reply } from './reply.ts';
import type { Tokens } from './tokens.ts';

/** What the token service is made of. */
export interface TokenServiceParts {
  readonly settings: HubSettings;
  readonly accounts: Accounts;
  readonly content: Content;
  readonly tokens: Tokens;
}

/**
 * Docker Hub's token service: anonymous or with Basic. Wrong credentials are refused; a scope that
 * the client may not have is left out of the token without a word.
 */
export function tokenService(parts: TokenServiceParts): (request: HubRequest) => Reply {
  const { settings, accounts, content, tokens } = parts;
  return (request) => {
    if (request.operation === 'other') return jsonReply(404, { details: 'not found' });
    const account = accounts.signIn(request.headers.authorization);
    if (account === 'wrong') return wrongCredentials();
    const wanted = request.query.getAll('scope').flatMap((scope) => scope.split(' '));
    const granted = wanted
      .map((scope) => pullScope(scope))
      .filter((name) => readableRepository(content, name, account?.username) !== undefined)
      .filter((name) => name !== undefined);
    const token = tokens.issue(account, new Set(granted));
    return jsonReply(200, {
      token,
      access_token: token,
      expires_in: settings.tokenSeconds,
      issued_at: new Date(request.time).toISOString(),
    });
  };
}

/** How the token service refuses a password. */
function wrongCredentials(): Reply {
  return jsonReply(401, { details: 'incorrect username or password' });
}

/** The repository of `repository:<name>:<actions>`, where pull is among the actions. */
function pullScope(scope: string): string | undefined {
  const [type, name, actions] = scope.split(':');
  const isPull = type === 'repository' && actions?.split(',').includes('pull') === true;
  return isPull ? name : undefined;
}
