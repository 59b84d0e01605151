import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { certificatePair } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { loadFrom, token } from './loadFrom.ts';

const everybody = 0o644;
const group = 0o640;

async function fileOf(t: Lifetime, text: string | Buffer, mode: number): Promise<string> {
  const file = join(await temporaryDirectory(t), 'file.yaml');
  await writeFile(file, text);
  // Not with writeFile, whose mode the umask narrows.
  await chmod(file, mode);
  return file;
}

/** The warnings about files, each as its setting and its sentence. */
function warned(sources: Parameters<typeof loadFrom>[0]): readonly string[] {
  const { warnings } = loadFrom(sources);
  return warnings.flatMap(({ key, message, advice }) => {
    if (!message.includes('every user of this machine')) return [];
    assert.match(advice, /chmod o-r/);
    return [`${key}: ${message}`];
  });
}

function warningOf(key: string, file: string): string {
  return `${key}: every user of this machine can read ${file}, which holds credentials`;
}

function upstreamsWith(...accounts: readonly object[]): string {
  return JSON.stringify([{ host: 'ghcr.io', accounts }]);
}

describe('a file with credentials that everybody may read is warned of', () => {
  const { certificate, key } = certificatePair('first');
  const kinds: Readonly<Record<string, string | Buffer>> = {
    'tls.keyFile': key,
    'ops.tokenFile': token,
    'ops.tls.keyFile': key,
    'access.htpasswdFile': '',
    'upstreams[0].accounts[0].tokenFile': token,
    'upstreams[0].accounts[0].dockerConfig': '{}',
  };
  for (const [setting, content] of Object.entries(kinds)) {
    test(setting, async (t) => {
      const certificateFile = await fileOf(t, certificate, everybody);
      const environmentOf = (file: string): NodeJS.ProcessEnv => {
        const name = setting.split('.').at(-1) ?? '';
        if (setting.startsWith('upstreams')) {
          return { PULLTHROUGH_UPSTREAMS: upstreamsWith({ username: 'acme', [name]: file }) };
        }
        const path = setting
          .replaceAll(/(?=[A-Z])/g, '_')
          .replaceAll('.', '_')
          .toUpperCase();
        const pair = path.replace('KEY_FILE', 'CERTIFICATE_FILE');
        return { [`PULLTHROUGH_${pair}`]: certificateFile, [`PULLTHROUGH_${path}`]: file };
      };
      const open = await fileOf(t, content, everybody);
      assert.deepEqual(warned({ environment: environmentOf(open) }), [warningOf(setting, open)]);
      const closed = await fileOf(t, content, group);
      assert.deepEqual(warned({ environment: environmentOf(closed) }), []);
    });
  }

  test('the configuration’s, where a token stands in it', async (t) => {
    const texts = {
      'ops.token': `ops: {token: ${token}}\n`,
      'upstreams[0].accounts[1].token': `upstreams: ${upstreamsWith({ username: 'a', tokenCommand: ['b'] }, { username: 'c', token })}`,
    };
    for (const [setting, text] of Object.entries(texts)) {
      const file = await fileOf(t, text, everybody);
      assert.deepEqual(warned({ file }), [warningOf(setting, file)]);
      assert.deepEqual(warned({ file: await fileOf(t, text, group) }), []);
    }
  });

  test('but not the configuration’s, where none does or that of the environment beats it', async (t) => {
    assert.deepEqual(warned({ file: await fileOf(t, 'listen: ":1"\n', everybody) }), []);
    const environment = {
      PULLTHROUGH_OPS_TOKEN: token,
      DOCKERHUB_USERNAME: 'a',
      DOCKERHUB_TOKEN: token,
    };
    assert.deepEqual(warned({ environment, file: await fileOf(t, '{}', everybody) }), []);
  });

  test('that which the environment names for the list of upstreams', async (t) => {
    const file = await fileOf(t, upstreamsWith({ username: 'acme', token }), everybody);
    assert.deepEqual(warned({ environment: { PULLTHROUGH_UPSTREAMS_FILE: file } }), [
      warningOf('upstreams[0].accounts[0].token', file),
    ]);
  });

  test('that of the environment for Docker Hub', async (t) => {
    const file = await fileOf(t, token, everybody);
    const environment = { DOCKERHUB_USERNAME: 'acme', DOCKERHUB_TOKEN_FILE: file };
    const setting = 'upstreams[0].accounts[0].tokenFile';
    assert.deepEqual(warned({ environment }), [warningOf(setting, file)]);
  });

  test('once, however many settings name it', async (t) => {
    const file = await fileOf(t, token, everybody);
    const accounts = ['a', 'b'].map((username) => ({ username, tokenFile: file }));
    const environment = { PULLTHROUGH_UPSTREAMS: upstreamsWith(...accounts) };
    const setting = 'upstreams[0].accounts[0].tokenFile';
    assert.deepEqual(warned({ environment }), [warningOf(setting, file)]);
  });
});
