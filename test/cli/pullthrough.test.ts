import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileWith } from '../config/loadFrom.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { runCli, runHere } from './runCli.ts';

const commands = [
  'serve',
  'stats',
  'ls',
  'inspect',
  'du',
  'warm',
  'purge',
  'gc',
  'verify',
  'export',
  'import',
  'check-config',
  'hash-password',
  'version',
  'help',
];

describe('the program exits with 0', () => {
  test('for version, which tells that of package.json', async (t) => {
    const packageFile = new URL('../../package.json', import.meta.url);
    const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
    const line = `pullthrough ${version} (Node ${process.versions.node})\n`;
    assert.deepEqual(await runCli(t, ['version']), { code: 0, stdout: line, stderr: '' });
    assert.deepEqual(await runHere(['--version']), { code: 0, stdout: line, stderr: '' });
  });

  test('for help, which lists the commands that there are and no other', async (t) => {
    const { code, stdout, stderr } = await runCli(t, ['help']);
    assert.deepEqual([code, stderr], [0, '']);
    const listed = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, name]) => name);
    assert.deepEqual(listed, commands);
    assert.deepEqual(await runHere(['--help']), { code, stdout, stderr });
    assert.deepEqual(await runHere(['-h']), { code, stdout, stderr });
  });

  for (const command of commands) {
    test(`for the help of ${command}, by flag and by command`, async () => {
      const byFlag = await runHere([command, '--help']);
      assert.equal(byFlag.code, 0);
      assert.match(byFlag.stdout, new RegExp(`^Usage: pullthrough ${command}`, 'm'));
      assert.deepEqual(await runHere(['help', command]), byFlag);
    });
  }

  test('for a configuration that is right', async (t) => {
    const { code, stdout, stderr } = await runCli(t, ['check-config']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^storage\.minFree +2GiB +default$/m);
    assert.match(stdout, /^The configuration is valid \(no configuration file\)\.$/m);
  });
});

describe('the program exits with 2 and one line', () => {
  const mistakes: readonly (readonly [readonly string[], string])[] = [
    [['serv'], 'unknown command "serv"; did you mean serve?'],
    [['prune'], 'unknown command "prune"'],
    [['help', 'versoin'], 'unknown command "versoin"; did you mean version?'],
    [['--lisen', 'x'], 'unknown command "x"'],
    [
      ['check-config', '--lisen', ':1'],
      'unknown flag --lisen for check-config; did you mean --listen?',
    ],
    [['version', '--json'], 'unknown flag --json for version'],
    [['version', '-x'], 'unknown flag -x for version'],
    [['version', '--token=hunter2'], 'unknown flag --token for version'],
    [['version', 'now'], 'version takes no "now"'],
    [['version', '--config'], '--config needs a value: --config FILE'],
    [['check-config', '--listen', '--offline'], '--listen needs a value: --listen HOST:PORT'],
    [['check-config', '--listen='], '--listen needs a value: --listen HOST:PORT'],
    [['check-config', '--offline=no'], '--offline takes no value'],
  ];
  for (const [args, message] of mistakes) {
    test(`for "${args.join(' ')}": ${message}`, async () => {
      const stderr = `pullthrough: ${message} (see "pullthrough help")\n`;
      assert.deepEqual(await runHere(args), { code: 2, stdout: '', stderr });
    });
  }

  test('as a process too', async (t) => {
    const stderr = 'pullthrough: unknown command "prune" (see "pullthrough help")\n';
    assert.deepEqual(await runCli(t, ['prune']), { code: 2, stdout: '', stderr });
  });
});

describe('the program exits with 2 and all problems', () => {
  for (const command of [[], ['serve'], ['check-config']]) {
    test(`for "${['pullthrough', ...command].join(' ')}"`, async (t) => {
      const file = await fileWith(t, 'storage:\n  maxSize: big\nlog: {level: loud}\n');
      const { code, stdout, stderr } = await runHere(['--config', file, ...command], {
        environment: { PULLTHROUGH_OFFLINE: 'maybe' },
      });
      assert.deepEqual([code, stdout], [2, '']);
      assert.deepEqual(
        stderr.split('\n').map((line) => line.replace(`  ${file}:`, '')),
        [
          'pullthrough: 3 problems in the configuration:',
          '2:12: storage.maxSize: expected a size such as 512MiB, 100GB or plain bytes, got "big"',
          '3:14: log.level: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"',
          '  PULLTHROUGH_OFFLINE: offline: expected true or false, got "maybe"',
          '',
        ],
      );
    });
  }

  test('for a flag with a wrong value', async (t) => {
    const { code, stderr } = await runHere(['serve', '--listen', 'x'], {
      directory: await temporaryDirectory(t),
    });
    assert.equal(code, 2);
    assert.match(stderr, /^ {2}--listen: listen: expected host:port/m);
  });
});
