import { prepareSkopeo } from './support/skopeo.ts';
import { testPulls } from './support/pullBehaviour.ts';
import { unlessInstalled } from './support/requireProgram.ts';

const skip = unlessInstalled(['docker-registry', 'skopeo', 'busybox']);

testPulls({ name: 'skopeo', skip, prepare: prepareSkopeo });
