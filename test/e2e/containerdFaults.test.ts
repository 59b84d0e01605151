import { startContainerd } from './support/containerd.ts';
import { testFaults } from './support/faultBehaviour.ts';
import { unlessInstalled } from './support/requireProgram.ts';

const skip = unlessInstalled(['containerd', 'ctr', 'docker-registry', 'skopeo', 'busybox'], true);

testFaults({ name: 'containerd', skip, prepare: startContainerd, outlivesMirror: false });
