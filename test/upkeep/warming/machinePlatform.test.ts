import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePlatform } from '../../../src/registry/platform.ts';
import { machinePlatform } from '../../../src/upkeep/warming/machinePlatform.ts';

test('what Node calls an architecture becomes what images call it', () => {
  const names = ['x64', 'arm64', 'arm', 'ia32', 's390x', 'riscv64', 'ppc64'].map(machinePlatform);
  assert.deepEqual(names, [
    'linux/amd64',
    'linux/arm64',
    'linux/arm/v7',
    'linux/386',
    'linux/s390x',
    'linux/riscv64',
    'linux/ppc64le',
  ]);
  for (const name of names) assert.ok(parsePlatform(name) !== undefined);
});
