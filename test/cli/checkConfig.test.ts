import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileWith } from '../config/loadFrom.ts';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { runHere } from './runCli.ts';

const token = markedSecret('hunter2');
const account = { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN: token };

describe('check-config', () => {
  test('tells every setting, its value and its source, and no secret', async (t) => {
    const file = await fileWith(t, 'storage:\n  maxSize: 107374182400\n');
    const { code, stdout } = await runHere(['check-config', '--config', file], {
      environment: account,
    });
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^storage.maxSize +100GiB +${file}:2:12$`, 'm'));
    assert.match(stdout, /^upstreams\[0\]\.accounts\[0\]\.token +\[secret\] +DOCKERHUB_TOKEN$/m);
    assert.match(stdout, /^upstreams\[0\]\.trustedHosts +none +default$/m);
    assert.ok(stdout.endsWith(`The configuration is valid (configuration file ${file}).\n`));
    assert.ok(!stdout.includes(token));
  });

  test('takes the flags of serve, which beat the environment', async (t) => {
    const args = ['check-config', '--listen', ':7', '--data', '/srv', '--offline'];
    const environment = { PULLTHROUGH_LISTEN: ':8', PULLTHROUGH_LOG_LEVEL: 'warn' };
    const { stdout } = await runHere(args, { environment, directory: await temporaryDirectory(t) });
    assert.match(stdout, /^listen +:7 +--listen$/m);
    assert.match(stdout, /^storage\.directory +\/srv +--data$/m);
    assert.match(stdout, /^offline +true +--offline$/m);
    assert.match(stdout, /^log\.level +warn +PULLTHROUGH_LOG_LEVEL$/m);
  });

  test('prints JSON where it is asked to', async (t) => {
    const { code, stdout } = await runHere(['check-config', '--json', '--data=/srv'], {
      environment: account,
      directory: await temporaryDirectory(t),
    });
    assert.equal(code, 0);
    const { valid, file, settings } = JSON.parse(stdout) as {
      valid: boolean;
      file: null;
      settings: { key: string; value: unknown; source: string }[];
    };
    assert.deepEqual([valid, file], [true, null]);
    const told = settings.filter(({ source }) => source !== 'default');
    assert.deepEqual(told, [
      { key: 'storage.directory', value: '/srv', source: '--data' },
      { key: 'upstreams[0].accounts[0].username', value: 'acme', source: 'DOCKERHUB_USERNAME' },
      { key: 'upstreams[0].accounts[0].token', value: '[secret]', source: 'DOCKERHUB_TOKEN' },
    ]);
  });

  test('prints problems as JSON too, and exits with 2', async (t) => {
    const args = ['check-config', '--json', '--log-level', 'loud'];
    const { code, stdout, stderr } = await runHere(args, {
      directory: await temporaryDirectory(t),
    });
    assert.deepEqual([code, stderr], [2, '']);
    assert.deepEqual(JSON.parse(stdout), {
      valid: false,
      problems: [
        {
          source: '--log-level',
          key: 'log.level',
          message: 'expected one of trace, debug, info, warn, error, fatal, silent',
          value: '"loud"',
        },
      ],
    });
  });

  test('warns after the settings of what is open, counts that at the end, and exits with 0', async (t) => {
    const directory = await temporaryDirectory(t);
    const check = (environment: NodeJS.ProcessEnv) =>
      runHere(['check-config'], { environment, directory });
    const one = await check({ PULLTHROUGH_ACCESS_PRIVATE: 'allow' });
    assert.equal(one.code, 0);
    assert.match(
      one.stdout,
      /\n\nwarning: access\.private: everybody .+; set it to users, .+\n\nThe configuration is valid, with 1 warning \(no configuration file\)\.\n$/,
    );
    const two = await check({ PULLTHROUGH_ACCESS_PRIVATE: 'allow', PULLTHROUGH_OPS_TOKEN: token });
    assert.match(two.stdout, /\nwarning: ops\.token: .+\n\n.+ valid, with 2 warnings /);
  });

  test('prints warnings as JSON too', async (t) => {
    const directory = await temporaryDirectory(t);
    const warnings = async (environment: NodeJS.ProcessEnv): Promise<unknown> => {
      const { code, stdout } = await runHere(['check-config', '--json'], {
        environment,
        directory,
      });
      assert.equal(code, 0);
      return (JSON.parse(stdout) as { warnings: unknown }).warnings;
    };
    assert.deepEqual(await warnings({}), []);
    assert.deepEqual(await warnings({ PULLTHROUGH_ACCESS_TRUSTED_PROXIES: '["::/0"]' }), [
      {
        key: 'access.trustedProxies[0]',
        message: 'every client is in ::/0 and may claim any address, one of access.clients too',
        advice: 'name the addresses of the proxies and no others',
      },
    ]);
  });
});
