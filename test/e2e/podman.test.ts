import { preparePodman } from './support/podman.ts';
import { testPulls } from './support/pullBehaviour.ts';
import { unlessInstalled } from './support/requireProgram.ts';

const skip = unlessInstalled(['podman', 'docker-registry', 'skopeo', 'busybox'], true);

testPulls({ name: 'podman', skip, prepare: preparePodman });
