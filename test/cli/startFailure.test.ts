import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { describeStartFailure } from '../../src/cli/startFailure.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadFrom } from '../config/loadFrom.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

function configurationWith(environment: NodeJS.ProcessEnv): Configuration {
  return loadFrom({ environment }).configuration;
}

async function failureOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return assert.fail('it did not fail');
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

describe('a start that fails is told in one line', () => {
  for (const [variable, key] of [
    ['PULLTHROUGH_LISTEN', 'listen'],
    ['PULLTHROUGH_OPS_LISTEN', 'ops.listen'],
  ] as const) {
    test(`where ${key} is in use`, async (t) => {
      const other = createServer();
      t.after(() => other.close());
      await listen(other, '127.0.0.1', 0);
      const { port } = other.address() as AddressInfo;
      const address = `127.0.0.1:${port}`;
      const error = await failureOf(() => listen(createServer(), '127.0.0.1', port));
      assert.equal(
        describeStartFailure(error, configurationWith({ [variable]: address })),
        `cannot listen on ${address} (setting ${key}): the address is in use by another process`,
      );
    });
  }

  test('where the machine does not have the address', async () => {
    // RFC 5737 keeps 192.0.2.0/24 for documentation: no machine has it.
    const error = await failureOf(() => listen(createServer(), '192.0.2.1', 5432));
    assert.equal(
      describeStartFailure(error, configurationWith({ PULLTHROUGH_LISTEN: '192.0.2.1:5432' })),
      'cannot listen on 192.0.2.1:5432 (setting listen): this machine does not have that address',
    );
  });

  test('where the storage directory can’t be made', async (t) => {
    const file = join(await temporaryDirectory(t), 'file');
    await writeFile(file, '');
    const directory = join(file, 'data');
    const error = await failureOf(() => mkdir(join(directory, 'blobs'), { recursive: true }));
    const configuration = configurationWith({ PULLTHROUGH_STORAGE_DIRECTORY: directory });
    assert.match(
      String(describeStartFailure(error, configuration)),
      /^cannot use \S+\/file\/data \(setting storage\.directory\): a part of the path is no directory at /,
    );
  });

  test('where the storage directory may not be written', () => {
    const error = Object.assign(new Error('x'), {
      code: 'EACCES',
      syscall: 'mkdir',
      path: '/srv/data',
    });
    const configuration = configurationWith({ PULLTHROUGH_STORAGE_DIRECTORY: '/srv/data' });
    assert.equal(
      describeStartFailure(error, configuration),
      'cannot use /srv/data (setting storage.directory): permission denied at /srv/data',
    );
  });

  test('where the database in the storage directory can’t be opened', async () => {
    const error = await failureOf(() => new DatabaseSync('/nonexistent/catalog.sqlite'));
    const configuration = configurationWith({ PULLTHROUGH_STORAGE_DIRECTORY: '/srv/data' });
    assert.equal(
      describeStartFailure(error, configuration),
      'cannot use /srv/data (setting storage.directory): unable to open database file',
    );
  });
});

describe('a start that fails is not explained', () => {
  const configuration = configurationWith({ PULLTHROUGH_STORAGE_DIRECTORY: '/srv/data' });
  const errors: Readonly<Record<string, unknown>> = {
    'by a mistake of the program': new TypeError('x is not a function'),
    'by a file elsewhere': Object.assign(new Error('x'), { code: 'EACCES', path: '/etc/shadow' }),
    'by a connection': Object.assign(new Error('x'), {
      code: 'EACCES',
      syscall: 'connect',
      port: 5000,
    }),
    'by no error at all': undefined,
  };
  for (const [cause, error] of Object.entries(errors)) {
    test(cause, () => {
      assert.equal(describeStartFailure(error, configuration), undefined);
    });
  }
});
