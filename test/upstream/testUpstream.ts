import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { parseReference, type Reference } from '../../src/registry/reference.ts';
import { parseRepositoryName, type RepositoryName } from '../../src/registry/repositoryName.ts';
import type { Account } from '../../src/upstream/account.ts';
import type { CredentialCheck } from '../../src/upstream/credentialCheck.ts';
import { openUpstream, type OpenUpstreamOptions } from '../../src/upstream/openUpstream.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import type { Account as HubAccount } from '../support/hub/accounts.ts';
import { fixedAccount } from '../support/fixedAccount.ts';
import type { ScriptedHub } from '../support/hub/scriptedHub.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { assertHoldsNoSecret } from '../support/secretMark.ts';
import { recordingObserver, type RecordingObserver } from './recordingObserver.ts';

/** An upstream under test. */
export interface TestUpstream {
  readonly upstream: Upstream;
  readonly credentials: CredentialCheck;
  readonly observer: RecordingObserver;
  /** Ends it before the test does. */
  readonly destroy: () => Promise<void>;
}

/** Opens an upstream called `hub.test`, which is closed when the test ends. */
export function openTestUpstream(
  t: Lifetime,
  options: Partial<OpenUpstreamOptions> & { readonly url: string },
): TestUpstream {
  const observer = recordingObserver();
  const { upstream, credentials, destroy } = openUpstream({
    host: 'hub.test',
    trustedHosts: [],
    accounts: [],
    userAgent: 'pullthrough/0.0.0-test',
    environment: {},
    observer,
    ...options,
  });
  t.after(async () => {
    await destroy();
    assertHoldsNoSecret('what was reported', observer.events.join('\n'));
  });
  return { upstream, credentials, observer, destroy };
}

/** Opens an upstream on a scripted Hub, whose token service it is allowed to use. */
export function openHub(
  t: Lifetime,
  hub: ScriptedHub,
  options: Partial<OpenUpstreamOptions> = {},
): TestUpstream {
  const trustedHosts = [new URL(hub.tokenUrl).host];
  return openTestUpstream(t, { url: hub.registryUrl, trustedHosts, ...options });
}

/** An account of the scripted Hub, as it is configured here. */
export function account({ username, password }: HubAccount): Account {
  return fixedAccount(username, password);
}

/** A repository name that is known to be one. */
export function repository(text: string): RepositoryName {
  const name = parseRepositoryName(text);
  assert.ok(name !== undefined);
  return name;
}

/** A tag or digest that is known to be one. */
export function reference(text: string): Reference {
  const parsed = parseReference(text);
  assert.ok(parsed !== undefined);
  return parsed;
}

/** What a rejected promise was rejected with. Fails when a marked secret shows in it or its causes. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    assertHoldsNoSecret('an error', inspect(error, { depth: Number.POSITIVE_INFINITY }));
    return error;
  }
  return assert.fail('it should have been rejected');
}
