import { startDockerd } from './support/dockerd.ts';
import { testFaults } from './support/faultBehaviour.ts';
import { unlessInstalled } from './support/requireProgram.ts';

const skip = unlessInstalled(
  ['dockerd', 'docker', 'containerd', 'runc', 'docker-registry', 'skopeo', 'busybox'],
  true,
);

testFaults({ name: 'dockerd', skip, prepare: startDockerd, outlivesMirror: true });
