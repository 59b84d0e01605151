import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { imagesInFile } from '../../../src/cli/imageFiles/imageFile.ts';

function read(text: string, environment: NodeJS.ProcessEnv = {}): readonly string[] {
  return imagesInFile('file', text, environment);
}

function assertRefused(text: string, message: RegExp): void {
  assert.throws(() => read(text), { name: 'ImageFileError', message });
}

describe('a list', () => {
  test('has one name a line, between comments and blank lines', () => {
    const text =
      '\uFEFF# base images\n\nalpine:3.20\r\n  ghcr.io/acme/app@sha256:' + 'a'.repeat(64);
    assert.deepEqual(read(`${text}  # pinned\n#end\n`), [
      'alpine:3.20',
      `ghcr.io/acme/app@sha256:${'a'.repeat(64)}`,
    ]);
  });

  test('gives each name once, in its order', () => {
    assert.deepEqual(read('b\na\nb\n'), ['b', 'a']);
  });

  test('with what is no name is refused, with the line', () => {
    assertRefused('alpine\n\nbusy box\n', /^file:3: "busy box" is no name of an image$/);
  });

  test('may be empty', () => {
    assert.deepEqual(read('# nothing yet\n'), []);
  });
});

describe('a Compose file', () => {
  test('names the images of its services, and not what it builds', () => {
    const text = `
name: shop
services:
  web:
    image: nginx:1.27
  app:
    build: .
  worker:
    image: acme/worker:\${TAG:-latest}
  built:
    build: ./built
    image: acme/built:\${BUILT_TAG}
  no-longer-built:
    build: !reset null
    image: acme/bought
  cache: {image: "redis:\${REDIS_TAG}"}
  off:
`;
    const images = ['nginx:1.27', 'acme/worker:latest', 'acme/bought', 'redis:7'];
    assert.deepEqual(read(text, { REDIS_TAG: '7' }), images);
  });

  test('may share parts by anchors and merges', () => {
    const text = `
x-base: &base
  image: acme/app:1
services:
  one: *base
  two:
    <<: {image: "acme/merged:1"}
    command: two
  three:
    <<: *base
    image: acme/other:1
`;
    assert.deepEqual(read(text), ['acme/app:1', 'acme/merged:1', 'acme/other:1']);
  });

  test('may reset what another file says', () => {
    assert.deepEqual(read('services:\n  web:\n    image: !reset null\n'), []);
  });

  test('with a variable that has no value is refused, with its name and place', () => {
    const text = 'services:\n  web:\n    image: nginx:$NGINX_TAG\n';
    assertRefused(text, /^file:3:12: the variable NGINX_TAG is not set/);
  });

  test('with an image that is no text is refused', () => {
    assertRefused(
      'services:\n  web:\n    image: 1.20\n',
      /^file:3:12: the image of web is no text$/,
    );
  });
});

describe('Kubernetes manifests', () => {
  test('name the images of each pod spec, however deep, and of volumes', () => {
    const text = `
# Source: shop/templates/empty.yaml
---
apiVersion: v1
kind: Pod
spec:
  initContainers: [{name: init, image: "busybox:1.36"}]
  containers:
    - name: web
      image: nginx:1.27
    - name: later
  ephemeralContainers:
    - {name: debug, image: alpine}
  volumes:
    - name: model
      image: {reference: ghcr.io/acme/model:v1, pullPolicy: IfNotPresent}
    - name: scratch
      emptyDir: {}
---
---
apiVersion: batch/v1
kind: CronJob
spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: "acme/job:2"}]}}}}}
---
apiVersion: example.com/v1
kind: Shop
spec:
  workers:
    - template: {containers: [{image: "acme/worker:3"}, {image: "nginx:1.27"}]}
    - {containers: [{image: {repository: acme/none}}]}
---
apiVersion: v1
kind: ConfigMap
data:
  image: acme/none
`;
    assert.deepEqual(read(text), [
      'busybox:1.36',
      'nginx:1.27',
      'alpine',
      'ghcr.io/acme/model:v1',
      'acme/job:2',
      'acme/worker:3',
    ]);
  });

  test('may be a list in JSON', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ image: 'alpine' }] } };
    assert.deepEqual(read(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod] })), [
      'alpine',
    ]);
  });

  test('of which a definition describes containers name none', () => {
    const text = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec: {schema: {properties: {containers: {type: array, items: {image: {type: string}}}}}}
`;
    assert.deepEqual(read(text), []);
  });

  test('with what a template left open are refused, with the place', () => {
    const text = `
apiVersion: v1
kind: Pod
spec:
  containers:
    - image: "{{ .Values.image }}"
`;
    assertRefused(text, /^file:6:14: "\{\{ \.Values\.image \}\}" is no name of an image$/);
  });
});

describe('what is none of them is refused', () => {
  test('as YAML with other things in it', () => {
    assertRefused('image: alpine\n', /^file:1:1: .*no list of image names, no Compose file/);
  });

  test('as no YAML, with the place', () => {
    assertRefused('services: {web\n\n', /^file:\d+:\d+: expected YAML: /);
  });

  test('as aliases that multiply', () => {
    const lines = Array.from(
      { length: 30 },
      (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}]`,
    );
    assertRefused(`services: {}\na0: &a0 [x]\n${lines.join('\n')}\n`, /an alias .* too many/);
  });

  test('as nested thousands of levels deep', () => {
    assertRefused(`services: ${'['.repeat(100_000)}`, /nested thousands of levels/);
  });
});

test('hundreds of levels of objects are walked to the end', () => {
  const depth = 500;
  const text = `{"apiVersion":"v1","kind":"X","spec":${'{"a":'.repeat(depth)}{"containers":[{"image":"alpine"}]}${'}'.repeat(depth)}}`;
  assert.deepEqual(read(text), ['alpine']);
});
