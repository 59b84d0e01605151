import { AccessRules } from '../../../src/access/accessRules.ts';
import { Admission } from '../../../src/access/admission.ts';
import { LogIns, type LogInsOptions } from '../../../src/access/logIns.ts';
import { hashPassword } from '../../../src/access/bcryptHash.ts';
import { LogInFailures } from '../../../src/access/logInFailures.ts';
import { Passwords } from '../../../src/access/passwords.ts';
import { UpstreamCredentials } from '../../../src/access/upstreamCredentials.ts';
import { createRegistryServer } from '../../../src/http/registryServer.ts';
import { Namespaces, type PrivateAccess } from '../../../src/mirror/namespaces.ts';
import { Visibility } from '../../../src/mirror/visibility.ts';
import { paidAccount } from '../../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../../support/hub/scriptedHub.ts';
import { certificatePair, clientAuthorities } from '../../support/certificates.ts';
import { lastFirst, type Lifetime } from '../../support/lifetime.ts';
import { manualClock, type ManualClock } from '../../support/manualClock.ts';
import { admissionTo, globsOf, startMirror, type TestMirror } from '../../support/testMirror.ts';
import { clientOf, identities, reader, stranger, users, type Asker } from './clients.ts';

/** How a mirror of the matrix is set up. */
export interface WorldSettings {
  readonly privateAccess: PrivateAccess;
  readonly anonymous: boolean;
  /** Whether there are users with passwords, and Hub accounts are checked. */
  readonly logIns: boolean;
}

/** A mirror with an account of its own before a Hub, and all its clients. */
export interface World {
  readonly hub: ScriptedHub;
  readonly clock: ManualClock;
  readonly mirror: TestMirror;
  /** By their rows. */
  readonly clients: ReadonlyMap<string, Asker>;
  /** Gets whatever the mirror can get, past all rules: what another configuration had let in before. */
  readonly anything: Asker;
}

const hashes = new Map(
  await Promise.all(
    users.map(
      async ({ username, password }) => [username, await hashPassword(password, 4)] as const,
    ),
  ),
);

const every = globsOf(['**']);
const rules = new AccessRules(
  [
    { users: ['alice'], groups: [], repositories: every, pull: true },
    { users: ['carol'], groups: [], repositories: every, pull: false },
  ],
  [],
);

/** Starts it, with an empty Hub. */
export async function startWorld(t: Lifetime, settings: WorldSettings): Promise<World> {
  const lifetime = lastFirst(t);
  const { privateAccess, anonymous, logIns } = settings;
  const hub = await startHub(lifetime, { accounts: [paidAccount, reader, stranger] });
  const clock = manualClock();
  const access = { rules, anonymous, ...(logIns ? logInsBy(clock) : {}) };
  const mirror = await startMirror(lifetime, hub, {
    now: clock,
    monotonicNow: clock,
    account: { name: paidAccount.username, secret: paidAccount.password },
    privateAccess,
    namespaces: [
      { repositories: globsOf(['closed/**']), visibility: 'private' },
      { repositories: globsOf(['opened/**']), visibility: 'public' },
    ],
    deny: [{ repositories: ['denied/**'], reason: 'not from here' }],
    access,
    resumeDelays: [],
  });
  const serve = async (admission: Admission): Promise<number> => {
    const app = createRegistryServer({
      mirror: mirror.mirror,
      admission,
      observer: { finished: () => {} },
      monotonicNow: clock,
      tls: { ...certificatePair('first'), clientCa: clientAuthorities('staff', 'guests') },
    });
    lifetime.after(async () => {
      app.server.closeAllConnections();
      await app.close();
    });
    return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  };
  const ports = { plain: mirror.port, tls: await serve(admissionTo(mirror.mirror, access)) };
  const open = { plain: 0, tls: await serve(admissionToAll(mirror, clock)) };
  const connect = (identity: (typeof identities)[number], to: typeof ports): Asker => {
    const { ask, end } = clientOf(identity, to);
    lifetime.after(end);
    return ask;
  };
  const clients = new Map(identities.map((one) => [one.row, connect(one, ports)]));
  return { hub, clock, mirror, clients, anything: connect({ row: '', tls: true }, open) };
}

function logInsBy(clock: ManualClock): LogInsOptions {
  // Nobody waits: it is not what is tried here.
  const failures = new LogInFailures({ now: clock, wait: async () => {} });
  return {
    passwords: new Passwords({ hashes, failures, now: clock }),
    upstreamCredentials: new UpstreamCredentials({ failures, now: clock }),
  };
}

function admissionToAll({ store }: TestMirror, clock: ManualClock): Admission {
  const visibility = new Visibility({
    catalog: store.catalog,
    namespaces: new Namespaces('allow', []),
    offline: false,
    now: clock,
  });
  return new Admission({ visibility, rules, logIns: new LogIns({}), anonymous: true });
}
