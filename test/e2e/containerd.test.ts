import { join } from 'node:path';
import { test } from 'node:test';
import { startContainerd } from './support/containerd.ts';
import { testPulls } from './support/pullBehaviour.ts';
import { repositoryRoot } from './support/repository.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';

const skip = unlessInstalled(['containerd', 'ctr', 'docker-registry', 'skopeo', 'busybox'], true);

test('the file for BuildKit is TOML that a client can parse', { skip }, async () => {
  const file = join(repositoryRoot, 'config/clients/buildkit/buildkitd.toml');
  await runCommand('containerd', ['--config', file, 'config', 'dump']);
});

testPulls({ name: 'containerd', skip, prepare: startContainerd });
