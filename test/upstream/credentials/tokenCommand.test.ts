import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, test } from 'node:test';
import { CredentialError } from '../../../src/upstream/credentials/credentialError.ts';
import { tokenCommand } from '../../../src/upstream/credentials/tokenCommand.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { manualClock } from '../../support/manualClock.ts';
import { assertHoldsNoSecret, markedSecret } from '../../support/secretMark.ts';
import { rejection } from '../testUpstream.ts';
import { programCalled, writeProgram } from './program.ts';

const secret = markedSecret('printed');
const minute = 60_000;

async function openCommand(
  t: Lifetime,
  script: string,
  more: { timeout?: number; args?: readonly string[] } = {},
) {
  const { directory, environment } = await programCalled(t, 'teller', script);
  const clock = manualClock();
  const warnings: string[] = [];
  const read = tokenCommand({
    username: 'acme',
    program: 'teller',
    arguments: more.args ?? [],
    environment: { ...environment, RUNS: join(directory, 'runs') },
    life: 10 * minute,
    failed: ({ message }) => void warnings.push(message),
    now: clock,
    ...(more.timeout === undefined ? {} : { timeout: more.timeout }),
  });
  const runs = async (): Promise<number> =>
    (await readFile(join(directory, 'runs'), 'utf8').catch(() => '')).length;
  const program = join(directory, 'teller');
  return { read, clock, warnings, runs, program };
}

describe('a token command', () => {
  const outputs: readonly (readonly [string, string, { username: string; secret: string }])[] = [
    ['the token alone', secret, { username: 'acme', secret }],
    ['space around the token', `  ${secret} \n\n`, { username: 'acme', secret }],
    [
      'JSON with a user name',
      JSON.stringify({ ServerURL: 'x', Username: 'mona', Secret: secret }),
      { username: 'mona', secret },
    ],
    ['JSON without a user name', JSON.stringify({ Secret: secret }), { username: 'acme', secret }],
    [
      'JSON that is a token itself',
      '{"type":"service_account"}',
      { username: 'acme', secret: '{"type":"service_account"}' },
    ],
  ];
  for (const [what, output, credential] of outputs) {
    test(`may print ${what}`, async (t) => {
      const { read } = await openCommand(t, `cat <<'END'\n${output}\nEND`);
      assert.deepEqual(await read(), credential);
    });
  }

  test('is given its arguments as they are, without a shell', async (t) => {
    const { read } = await openCommand(t, 'printf "%s|" "$@"', { args: ['a b', '$HOME', ';id'] });
    assert.equal((await read()).secret, 'a b|$HOME|;id|');
  });

  test('is run once for many who wait, and again when its life is over', async (t) => {
    const { read, clock, runs } = await openCommand(t, 'printf x >> "$RUNS"; cat "$RUNS"');
    const all = await Promise.all(Array.from({ length: 20 }, () => read()));
    assert.deepEqual([...new Set(all.map((one) => one.secret))], ['x']);
    clock.advance(10 * minute - 1);
    assert.equal((await read()).secret, 'x');
    assert.equal(await runs(), 1);
    clock.advance(1);
    assert.equal((await read()).secret, 'xx');
  });

  test('that fails later leaves its last token in force, with one warning, and is tried again after a pause', async (t) => {
    const { read, clock, warnings, program } = await openCommand(t, 'echo one');
    await read();
    await writeProgram(program, 'printf x >> "$RUNS"; exit 3');
    clock.advance(10 * minute);
    assert.equal((await read()).secret, 'one');
    clock.advance(minute);
    assert.equal((await read()).secret, 'one');
    assert.deepEqual(warnings, ['teller ended with exit code 3']);
    await writeProgram(program, 'echo two');
    assert.equal((await read()).secret, 'one', 'not at once');
    clock.advance(minute);
    assert.equal((await read()).secret, 'two');
  });

  const failures: readonly (readonly [string, string, RegExp])[] = [
    ['fails', `echo ${secret}; echo ${secret} >&2; exit 1`, /^teller ended with exit code 1$/],
    ['prints nothing', 'echo', /^teller printed nothing$/],
    ['prints without end', `exec yes ${secret}`, /^teller wrote more than a token can be$/],
    ['is killed', `echo ${secret}; kill -9 $$`, /^teller was killed$/],
  ];
  for (const [what, script, message] of failures) {
    test(`that ${what} is an error that holds neither its output nor its arguments`, async (t) => {
      const { read, warnings } = await openCommand(t, script, { args: [secret] });
      const error = await rejection(read());
      assert.ok(error instanceof CredentialError);
      assert.match(error.message, message);
      assertHoldsNoSecret('the error', inspect(error, { depth: 10, showHidden: true }));
      assert.deepEqual(warnings, [error.message]);
    });
  }

  test('that takes too long is killed', async (t) => {
    const { read } = await openCommand(t, 'exec sleep 600', { timeout: 200 });
    assert.match(String(await rejection(read())), /teller did not end within 0.2 s/);
  });

  test('that does not exist is an error with its name', async (t) => {
    const { read, program } = await openCommand(t, '');
    await rm(program);
    assert.match(String(await rejection(read())), /teller could not be run: ENOENT/);
  });

  test('that failed is not run again at each request', async (t) => {
    const { read, runs, clock } = await openCommand(t, 'printf x >> "$RUNS"; exit 1');
    for (let times = 0; times < 5; times++) await rejection(read());
    assert.equal(await runs(), 1);
    clock.advance(minute);
    await rejection(read());
    assert.equal(await runs(), 2);
  });
});
