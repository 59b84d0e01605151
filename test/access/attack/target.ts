import { AccessRules } from '../../../src/access/accessRules.ts';
import { Admission } from '../../../src/access/admission.ts';
import { hashPassword } from '../../../src/access/bcryptHash.ts';
import { LogIns } from '../../../src/access/logIns.ts';
import { LogInFailures } from '../../../src/access/logInFailures.ts';
import { Passwords } from '../../../src/access/passwords.ts';
import { UpstreamCredentials } from '../../../src/access/upstreamCredentials.ts';
import { HandOver } from '../../../src/http/handOver.ts';
import { createRegistryServer } from '../../../src/http/registryServer.ts';
import { Namespaces } from '../../../src/mirror/namespaces.ts';
import { Visibility } from '../../../src/mirror/visibility.ts';
import { wireClient, type Ask, type WireAnswer } from '../../http/wireAnswer.ts';
import { ask } from '../../mirror/pulls.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import { paidAccount, type Account } from '../../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../../support/hub/scriptedHub.ts';
import { buildImage } from '../../support/images.ts';
import { lastFirst, type Lifetime } from '../../support/lifetime.ts';
import { manualClock, type ManualClock } from '../../support/manualClock.ts';
import { markedSecret } from '../../support/secretMark.ts';
import {
  admissionTo,
  globsOf,
  startMirror,
  type TestMirror,
  type TestMirrorOptions,
} from '../../support/testMirror.ts';
import { basicOf } from '../matrix/clients.ts';

/** A private repository, one that does not exist, and two that are public. The first two have names of one length. */
export const [hidden, absent] = ['acme/secret', 'acme/absent'] as const;
export const [sharing, public_] = ['library/alpine', 'library/debian'] as const;

const shared = generatedBlob({ size: 5000, seed: 'shared' });

/** What lies in {@link hidden} under the tag `1`. The first layer lies in {@link sharing} too. */
export const secret = buildImage({
  seed: 'secret',
  layers: [shared, generatedBlob({ size: 300_000, seed: 'secret' })],
});

/** What lies in {@link sharing} under the tag `1`. */
export const open = buildImage({ seed: 'open', layers: [shared] });

/** What lies in {@link public_} under the tag `1`. */
export const ordinary = buildImage({ seed: 'ordinary' });

/** What is in no registry. */
export const nothing = buildImage({
  seed: 'nothing',
  layers: [generatedBlob({ size: 9, seed: 'no' })],
});

/** An account of the Hub that may not read {@link hidden}. */
export const stranger: Account = {
  username: 'stranger',
  password: markedSecret('dckr_pat_stranger'),
  plan: 'personal',
};

const passwords = {
  alice: markedSecret('password of alice'),
  bob: markedSecret('password of bob'),
};

/** What those send who log in: alice may pull {@link hidden}, bob may not, nor may the account of the Hub. */
export const authorizations = {
  alice: basicOf('alice', passwords.alice),
  bob: basicOf('bob', passwords.bob),
  stranger: basicOf(stranger.username, stranger.password),
};

const hashes = new Map(
  await Promise.all(
    Object.entries(passwords).map(
      async ([user, text]) => [user, await hashPassword(text, 4)] as const,
    ),
  ),
);

/** Everything that a test of an attacker needs. */
export interface Target {
  readonly hub: ScriptedHub;
  readonly clock: ManualClock;
  readonly mirror: TestMirror;
  /** Of a server that leaves the sending of blobs to an nginx that asks for it. */
  readonly port: number;
  /** A connection for each request. */
  readonly ask: Ask;
  readonly users: Passwords;
  /** Asks as alice; where nobody can log in, as a mirror with other settings would have let her. */
  readonly pull: (path: string) => Promise<{ status: number; bytes: Buffer }>;
}

/** Starts a mirror with an account. With `logIns`, it has users, and checks Hub accounts. */
export async function startTarget(
  t: Lifetime,
  logIns: boolean,
  options: TestMirrorOptions = {},
): Promise<Target> {
  const lifetime = lastFirst(t);
  const hub = await startHub(lifetime, { accounts: [paidAccount, stranger] });
  hub.addImage(hidden, secret, { tags: ['1'], private: true, allowed: ['acme'] });
  hub.addImage(sharing, open, { tags: ['1'] });
  hub.addImage(public_, ordinary, { tags: ['1'] });
  const clock = manualClock();
  const failures = new LogInFailures({ now: clock, wait: async () => {} });
  const users = new Passwords({ hashes, failures, now: clock });
  const repositories = globsOf(['acme/**']);
  const access = {
    rules: new AccessRules([{ users: ['alice'], groups: [], repositories, pull: true }], []),
    ...(logIns
      ? { passwords: users, upstreamCredentials: new UpstreamCredentials({ failures, now: clock }) }
      : {}),
  };
  const mirror = await startMirror(lifetime, hub, {
    now: clock,
    monotonicNow: clock,
    account: { name: paidAccount.username, secret: paidAccount.password },
    privateAccess: logIns ? 'users' : 'deny',
    access,
    absentFreshness: 0,
    resumeDelays: [],
    ...options,
  });
  const serve = async (admission: Admission): Promise<number> => {
    const app = createRegistryServer({
      mirror: mirror.mirror,
      admission,
      observer: { finished: () => {} },
      monotonicNow: clock,
      handOver: new HandOver('/blobs'),
    });
    lifetime.after(async () => {
      app.server.closeAllConnections();
      await app.close();
    });
    return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  };
  const port = await serve(admissionTo(mirror.mirror, access));
  const namespaces = new Namespaces('allow', []);
  const visibility = new Visibility({
    catalog: mirror.store.catalog,
    namespaces,
    offline: false,
    now: clock,
  });
  const openPort = await serve(
    new Admission({ visibility, rules: access.rules, logIns: new LogIns({}), anonymous: true }),
  );
  const headers = { authorization: authorizations.alice };
  const url = `http://127.0.0.1:${logIns ? port : openPort}`;
  return {
    hub,
    clock,
    mirror,
    port,
    ask: wireClient(port),
    users,
    pull: (path) => ask({ url }, path, { headers }),
  };
}

/** An answer with all that has to do with the name that was asked for blotted out, and without the time. */
export function blotted({ status, headers, body }: WireAnswer, names: readonly string[]): object {
  const blot = (text: string): string =>
    names.reduce((left, name) => left.replaceAll(name, 'NAME'), text);
  const others = Object.entries(headers).filter(([name]) => name !== 'date');
  return {
    status,
    headers: others.map(([name, value]) => `${name}: ${blot(value ?? '')}`),
    body: blot(body.toString('latin1')),
  };
}
