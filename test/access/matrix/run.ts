import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reader, type Asker } from './clients.ts';
import { addTo, kinds, tryRepository, type Kind, type TriedRepository } from './repositories.ts';
import { requestsFor, routeCount, type RouteRequest } from './routes.ts';
import { expectations, type ExpectedRow, type State } from './tables.ts';
import { startWorld, type World, type WorldSettings } from './world.ts';

const hour = 3_600_000;
const readers = ['acme', reader.username];
const withLogIns = { anonymous: true, logIns: true } as const;
const onlyWithLogIn = { anonymous: false, logIns: true } as const;

const settingsOf: Readonly<Record<string, WorldSettings>> = {
  'as it comes out of the box': { privateAccess: 'deny', anonymous: true, logIns: false },
  'private: deny, users and Hub accounts can log in': { privateAccess: 'deny', ...withLogIns },
  'private: users, users and Hub accounts can log in': { privateAccess: 'users', ...withLogIns },
  'private: allow, users and Hub accounts can log in': { privateAccess: 'allow', ...withLogIns },
  'private: deny, nobody without a log-in': { privateAccess: 'deny', ...onlyWithLogIn },
  'private: users, nobody without a log-in': { privateAccess: 'users', ...onlyWithLogIn },
  'private: allow, nobody without a log-in': { privateAccess: 'allow', ...onlyWithLogIn },
  'private: users, nobody without a certificate': {
    privateAccess: 'users',
    anonymous: false,
    logIns: false,
  },
};

/** What an answer that is no content says, by its status. */
const codes: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  404: 'NAME_UNKNOWN',
  503: 'UNAVAILABLE',
};

/** What is asked for at a moment: of each client its own repositories, or of all the same. */
interface Moment {
  readonly when: string;
  readonly state: State;
  /** The place among the routes at which a few of them begin. */
  readonly from: number;
  readonly repositoriesOf: (row: number) => readonly TriedRepository[];
}

/**
 * Adds a test for each table. In each of its cells so many of the routes are tried: all of them, or a
 * few that change from cell to cell.
 */
export function tryTables(routesPerCell: number): void {
  for (const [title, rows] of expectations) {
    test(`${title}: each client gets of each repository what the table says`, async (t) => {
      const settings = settingsOf[title];
      assert.ok(settings, title);
      const world = await startWorld(t, settings);
      assert.deepEqual(await faultsIn(world, rows, routesPerCell), []);
    });
  }
}

async function faultsIn(
  world: World,
  rows: ReadonlyMap<string, ExpectedRow>,
  routesPerCell: number,
): Promise<string[]> {
  assert.deepEqual([...rows.keys()], [...world.clients.keys()]);
  const fresh = [...rows.keys()].map((_row, index) =>
    kinds.filter(isNotHeld).map((kind) => tryRepository(kind, `fresh${index}`)),
  );
  const cold = kinds.map((kind) => tryRepository(kind, 'cold'));
  const held = kinds.map((kind) => tryRepository(kind, 'held'));
  await live(world, [...fresh.flat(), ...cold, ...held]);
  const tryAll = async (moment: Moment): Promise<string[]> => {
    const found = [...rows].map(([row, expected], index) =>
      tryRow(world, moment, { row, index, expected, routesPerCell }),
    );
    return (await Promise.all(found)).flat();
  };
  const faults = [
    await tryAll({
      when: 'up, not held',
      state: 'up',
      from: 0,
      repositoriesOf: (row) => fresh[row] ?? [],
    }),
  ];
  await holdAll(world, held);
  const repositoriesOf = () => held;
  faults.push(await tryAll({ when: 'up, held', state: 'up', from: 3, repositoriesOf }));
  await world.hub.goDown();
  faults.push(await tryAll({ when: 'cold', state: 'cold', from: 6, repositoriesOf: () => cold }));
  faults.push(await tryAll({ when: 'kept', state: 'kept', from: 9, repositoriesOf }));
  world.clock.advance(hour);
  faults.push(await tryAll({ when: 'later', state: 'later', from: 12, repositoriesOf }));
  return faults.flat();
}

function isNotHeld(kind: Kind): boolean {
  return kind !== 'turned' && kind !== 'unnoticed';
}

/** What happened to the repositories before anybody of the tables asks. */
async function live(
  { hub, clock, clients }: World,
  all: readonly TriedRepository[],
): Promise<void> {
  const those = (kind: Kind) => all.filter((one) => one.kind === kind);
  const ask = clients.get('bob, cert');
  assert.ok(ask);
  for (const one of all) addTo(hub, one, readers);
  for (const one of those('turned')) await hold(ask, one);
  clock.advance(hour);
  for (const one of those('unnoticed')) await hold(ask, one);
  for (const { name } of [...those('turned'), ...those('unnoticed')])
    hub.makePrivate(name, readers);
}

/** Has the mirror hold all that there is. */
async function holdAll(
  { anything, mirror }: World,
  repositories: readonly TriedRepository[],
): Promise<void> {
  for (const one of repositories) {
    if (['absent', 'nowhere', 'denied'].includes(one.kind)) continue;
    await hold(anything, one);
    for (const { digest } of [...one.tagged.blobs, ...one.other.blobs]) {
      await mirror.mirror.fills.find(digest)?.finished;
      assert.ok(mirror.store.blobs.describe(digest));
    }
  }
}

async function hold(ask: Asker, tried: TriedRepository): Promise<void> {
  const { name, tagged, other } = tried;
  const blobs = [...tagged.blobs, ...other.blobs].map(({ digest }) => `blobs/${digest}`);
  const paths = [
    ...requestsFor(tried).map(({ path }) => path),
    ...blobs.map((rest) => `/v2/${name}/${rest}`),
  ];
  for (const path of paths) assert.equal((await ask('GET', path)).status, 200, path);
}

async function tryRow(
  { clients }: World,
  { when, state, from, repositoriesOf }: Moment,
  {
    row,
    index,
    expected,
    routesPerCell,
  }: { row: string; index: number; expected: ExpectedRow; routesPerCell: number },
): Promise<string[]> {
  const faults: string[] = [];
  const ask = clients.get(row);
  assert.ok(ask);
  const wanted = (column: string): number => expected.get(column)?.[state] ?? 0;
  const { status } = await ask('GET', '/v2/');
  if (status !== wanted('/v2/')) faults.push(`${when} | ${row} | /v2/ | ${status}`);
  for (const [place, tried] of repositoriesOf(index).entries()) {
    const requests = requestsFor(tried);
    for (let one = 0; one < routesPerCell; one += 1) {
      const request = requests[(from + index + place * routesPerCell + one) % routeCount];
      assert.ok(request);
      const fault = await faultOf(ask, request, wanted(tried.kind));
      if (fault === undefined) continue;
      faults.push(`${when} | ${row} | ${tried.kind} | ${request.route} | ${fault}`);
    }
  }
  return faults;
}

/** What is wrong with the answer to a request. */
async function faultOf(
  ask: Asker,
  { method, path, range, content }: RouteRequest,
  wanted: number,
): Promise<string | undefined> {
  const { status, headers, bytes } = await ask(method, path, range);
  const whole = wanted === 200 && range !== undefined ? 206 : wanted;
  if (status !== whole) return `${status}, not ${whole}: ${bytes.toString().slice(0, 100)}`;
  if (wanted === 200) {
    return content === undefined || bytes.equals(content) ? undefined : 'other bytes';
  }
  const asks = headers['www-authenticate'] === 'Basic realm="pullthrough"';
  if (asks !== (wanted === 401)) return `${asks ? 'a' : 'no'} challenge with a ${wanted}`;
  if (method === 'HEAD') return bytes.length === 0 ? undefined : 'a body';
  const { errors } = JSON.parse(bytes.toString()) as { errors: { code: string }[] };
  const [error] = errors;
  return errors.length === 1 && error?.code === codes[wanted] ? undefined : `${error?.code}`;
}
