import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, test } from 'node:test';
import { dockerConfigNames } from '../../../src/config/dockerHub.ts';
import { CredentialError } from '../../../src/upstream/credentials/credentialError.ts';
import { dockerConfig } from '../../../src/upstream/credentials/dockerConfig.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { manualClock } from '../../support/manualClock.ts';
import { assertHoldsNoSecret, markedSecret } from '../../support/secretMark.ts';
import { rejection } from '../testUpstream.ts';
import { programCalled, writeProgram } from './program.ts';

const [one, two] = [markedSecret('one'), markedSecret('two')];
const hub = 'https://index.docker.io/v1/';

function auth(username: string, secret: string): { auth: string } {
  return { auth: Buffer.from(`${username}:${secret}`).toString('base64') };
}

/** Says for which server it was asked, as the user name. */
const telling = `read server; echo "$1" >> "$ASKED"; echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"${one}\\"}"`;

async function openConfig(t: Lifetime, content: unknown, host = 'docker.io', script = telling) {
  const { directory, environment } = await programCalled(t, 'docker-credential-test', script);
  const path = join(directory, 'config.json');
  const write = (next: unknown): Promise<void> =>
    writeFile(path, typeof next === 'string' ? next : JSON.stringify(next));
  await write(content);
  const clock = manualClock();
  const warnings: string[] = [];
  const read = dockerConfig({
    path,
    names: dockerConfigNames(host),
    environment: { ...environment, ASKED: join(directory, 'asked') },
    life: 60_000,
    failed: ({ message }) => void warnings.push(message),
    now: clock,
  });
  return { directory, path, write, clock, warnings, read };
}

describe('Docker’s config.json', () => {
  const found: readonly (readonly [string, string, object])[] = [
    ['Docker Hub by the address that docker uses', 'docker.io', { [hub]: auth('acme', one) }],
    [
      'Docker Hub by that address without a path',
      'docker.io',
      { 'index.docker.io': auth('acme', one) },
    ],
    ['Docker Hub by podman’s name', 'docker.io', { 'docker.io': auth('acme', one) }],
    ['another registry by its host', 'ghcr.io', { 'ghcr.io': auth('acme', one) }],
    [
      'another registry by host and port',
      'r.example:5000',
      { 'r.example': auth('b', two), 'r.example:5000': auth('acme', one) },
    ],
    [
      'another registry by an old address',
      'r.example',
      { 'https://r.example/v1/': auth('acme', one) },
    ],
    [
      'a user name and password in clear',
      'ghcr.io',
      { 'ghcr.io': { username: 'acme', password: one } },
    ],
    ['a password padded with NUL', 'ghcr.io', { 'ghcr.io': auth('acme', `${one}\0\0`) }],
    [
      'the exact name before one that is like it',
      'r.example',
      { 'https://r.example': auth('b', two), 'r.example': auth('acme', one) },
    ],
  ];
  for (const [what, host, auths] of found) {
    test(`gives ${what}`, async (t) => {
      const { read } = await openConfig(t, { auths }, host);
      assert.deepEqual(await read(), { username: 'acme', secret: one });
    });
  }

  test('gives a password with colons whole', async (t) => {
    const { read } = await openConfig(t, { auths: { [hub]: auth('acme', 'a:b:c') } });
    assert.equal((await read()).secret, 'a:b:c');
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    [
      'has no entry for the registry',
      { auths: { 'ghcr.io': auth('acme', one) } },
      /no credential for https:\/\/index.docker.io\/v1\/$/,
    ],
    ['is empty', '', /no JSON object$/],
    ['is no JSON', `{"auths": "${one}`, /no JSON object$/],
    ['has auths of another kind', { auths: [one] }, /no credential for/],
    [
      'has an auth without a colon',
      { auths: { [hub]: { auth: Buffer.from(one).toString('base64') } } },
      /no user name and password/,
    ],
    [
      'has an empty entry, as a store leaves it',
      { auths: { [hub]: {} } },
      /no user name and password/,
    ],
    [
      'has an identity token',
      { auths: { [hub]: { ...auth('acme', one), identitytoken: two } } },
      /an identity token .* is not supported: log in with an access token$/,
    ],
    [
      'names a helper in another directory',
      { credsStore: `../${one}` },
      /a credential helper with a name that is none$/,
    ],
    [
      'names a helper that is not there',
      { credsStore: 'missing' },
      /^docker-credential-missing could not be run: ENOENT$/,
    ],
  ];
  for (const [what, content, message] of wrong) {
    test(`that ${what} is an error that holds no secret`, async (t) => {
      const { read, warnings } = await openConfig(t, content);
      const error = await rejection(read());
      assert.ok(error instanceof CredentialError);
      assert.match(error.message, message);
      assertHoldsNoSecret('the error', inspect(error, { depth: 10, showHidden: true }));
      assert.deepEqual(warnings, [error.message]);
    });
  }

  test('is read again when it has changed, and keeps its last word while it is broken', async (t) => {
    const { read, write, warnings } = await openConfig(t, { auths: { [hub]: auth('acme', one) } });
    await read();
    await write('{');
    assert.equal((await read()).secret, one);
    assert.equal(warnings.length, 1);
    await write({ auths: { [hub]: auth('mona', two) } });
    assert.deepEqual(await read(), { username: 'mona', secret: two });
  });
});

describe('a credential helper', () => {
  test('is asked for Docker Hub by the address that docker uses', async (t) => {
    const { read } = await openConfig(t, { credsStore: 'test', auths: { [hub]: {} } });
    assert.deepEqual(await read(), { username: hub, secret: one });
  });

  test('is asked for another registry by its host', async (t) => {
    const { read } = await openConfig(t, { credsStore: 'test' }, 'r.example:5000');
    assert.equal((await read()).username, 'r.example:5000');
  });

  for (const key of [hub, 'docker.io', 'index.docker.io']) {
    test(`of its own goes before the store for all: ${key}`, async (t) => {
      const { read } = await openConfig(t, {
        credHelpers: { [key]: 'test' },
        credsStore: 'missing',
      });
      assert.equal((await read()).username, hub);
    });
  }

  test('of another registry is not asked', async (t) => {
    const config = { credHelpers: { 'ghcr.io': 'missing' }, auths: { [hub]: auth('acme', one) } };
    const { read } = await openConfig(t, config);
    assert.equal((await read()).username, 'acme');
  });

  test('is asked to get, and again when the life of its answer is over or the file has changed', async (t) => {
    const { read, write, clock, directory } = await openConfig(t, { credsStore: 'test' });
    const program = join(directory, 'docker-credential-test');
    await read();
    const later = JSON.stringify({ Username: 'mona', Secret: two });
    await writeProgram(program, `[ "$1" = get ] && echo '${later}'`);
    clock.advance(59_999);
    assert.equal((await read()).username, hub);
    clock.advance(1);
    assert.deepEqual(await read(), { username: 'mona', secret: two });
    await writeProgram(program, telling);
    await write({ credsStore: 'test', changed: true });
    assert.equal((await read()).secret, one);
  });

  const failures: readonly (readonly [string, string, RegExp])[] = [
    [
      'knows none',
      'echo "credentials not found in native keychain"; exit 1',
      /docker-credential-test has no credential for https:\/\/index/,
    ],
    [
      'fails',
      `echo "cannot open ${one}"; exit 1`,
      /docker-credential-test failed with exit code 1$/,
    ],
    ['prints no JSON', `echo ${one}`, /docker-credential-test printed no user name and secret$/],
    [
      'prints no secret',
      `echo '{"Username":"${one}","Secret":""}'`,
      /docker-credential-test printed no user name and secret$/,
    ],
    [
      'has an identity token',
      `echo '{"Username":"<token>","Secret":"${one}"}'`,
      /identity token .* not supported/,
    ],
  ];
  for (const [what, script, message] of failures) {
    test(`that ${what} is an error that holds nothing of its output`, async (t) => {
      const { read } = await openConfig(t, { credsStore: 'test' }, 'docker.io', script);
      const error = await rejection(read());
      assert.ok(error instanceof CredentialError);
      assert.match(error.message, message);
      assertHoldsNoSecret('the error', inspect(error, { depth: 10, showHidden: true }));
    });
  }
});
