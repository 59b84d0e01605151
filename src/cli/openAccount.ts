import type { AccountConfiguration, UpstreamConfiguration } from '../config/configuration.ts';
import { dockerConfigNames } from '../config/dockerHub.ts';
import type { Account } from '../upstream/account.ts';
import type { CredentialSource } from '../upstream/credentials/credentialSource.ts';
import { dockerConfig } from '../upstream/credentials/dockerConfig.ts';
import { tokenCommand } from '../upstream/credentials/tokenCommand.ts';
import { tokenFile } from '../upstream/credentials/tokenFile.ts';
import type { UpstreamObserver } from '../upstream/upstreamObserver.ts';

/** What the accounts of an upstream have in common. */
export interface AccountSurroundings {
  /** For the programs that are asked for credentials. */
  readonly environment: NodeJS.ProcessEnv;
  readonly observer: UpstreamObserver;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

type ConfiguredAccount = UpstreamConfiguration['accounts'][number];

/** How an account is named in metrics and messages. */
export function labelOf({ username }: Pick<AccountConfiguration, 'username'>): string {
  return username ?? 'docker-config';
}

/** An account of an upstream, whose credential comes from where it is configured to come from. */
export function openAccount(
  host: string,
  configured: ConfiguredAccount,
  surroundings: AccountSurroundings,
): Account {
  return {
    name: labelOf(configured),
    repositories: configured.repositories,
    credential: sourceOf(host, configured, surroundings),
  };
}

function sourceOf(
  host: string,
  configured: ConfiguredAccount,
  { environment, observer, now }: AccountSurroundings,
): CredentialSource {
  const username = labelOf(configured);
  const failed = ({ message }: Error): void => observer.credentialFailed(host, username, message);
  const program = { environment, failed, now, life: configured.tokenLife };
  const secret = configured.token?.reveal();
  if (configured.tokenFile !== undefined) {
    return tokenFile({ username, path: configured.tokenFile, first: secret, failed });
  }
  if (configured.tokenCommand !== undefined) {
    const args = configured.tokenCommand.arguments.map((argument) => argument.reveal());
    const { program: name } = configured.tokenCommand;
    return tokenCommand({ ...program, username, program: name, arguments: args });
  }
  if (configured.dockerConfig !== undefined) {
    const names = dockerConfigNames(host);
    return dockerConfig({ ...program, path: configured.dockerConfig, names });
  }
  if (secret === undefined) throw new Error('an account passed validation without a credential');
  return () => Promise.resolve({ username, secret });
}
