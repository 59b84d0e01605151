import { open, secret } from './target.ts';

/** What an attacker sends to find out about a repository. */
export interface Probe {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const [, layer] = secret.layers;
const blob = `blobs/${layer?.digest}`;
const digest = `manifests/${secret.manifest.digest}`;
const rests = ['manifests/1', digest, blob, 'tags/list', `referrers/${secret.manifest.digest}`];
const tag = `"${secret.manifest.digest}"`;
const layerTag = `"${layer?.digest}"`;

/** The routes of a repository, each by GET and HEAD. */
export function plainProbes(name: string): readonly Probe[] {
  return ofBoth(rests.map((rest) => `/v2/${name}/${rest}`));
}

/** All else that he may try, with the name in whatever disguise. */
export function oddProbes(name: string): readonly Probe[] {
  const targets = [
    ...spellingsOf(name).flatMap((spelt) => [`/v2/${spelt}/${digest}`, `/v2/${spelt}/${blob}`]),
    ...rests.flatMap((rest) => targetsOf(name, rest)),
    ...others(name),
  ];
  const headed = headers.flatMap((one) =>
    [digest, blob].flatMap((rest) =>
      ofBoth([`/v2/${name}/${rest}`]).map((probe) => ({ ...probe, headers: one })),
    ),
  );
  const rewritten = ['x-original-url', 'x-rewrite-url', 'x-forwarded-uri', 'x-accel-redirect'].map(
    (field) => ({
      method: 'GET',
      target: `/v2/library/alpine/manifests/${open.manifest.digest}`,
      headers: { [field]: `/v2/${name}/${digest}` },
    }),
  );
  const methods = ['OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'].flatMap(
    (method) => rests.map((rest) => ({ method, target: `/v2/${name}/${rest}` })),
  );
  // First those under the plain name, of which the mirror knows all in memory until it finds out about others.
  return [...headed, ...ofBoth(targets), ...rewritten, ...methods];
}

function ofBoth(targets: readonly string[]): readonly Probe[] {
  return targets.flatMap((target) => ['GET', 'HEAD'].map((method) => ({ method, target })));
}

/** The name in other letters, of which some mean the same and some nothing. */
function spellingsOf(name: string): readonly string[] {
  const [owner = '', image = ''] = name.split('/');
  const first = `%${owner.charCodeAt(0).toString(16)}`;
  return [
    `docker.io/${name}`,
    `index.docker.io/${name}`,
    `registry-1.docker.io/${name}`,
    `DOCKER.IO/${name}`,
    `docker%2eio/${name}`,
    `docker.io/docker.io/${name}`,
    `docker.io:443/${name}`,
    `library/${name}`,
    `other.example/${name}`,
    `${owner}%2F${image}`,
    `${owner}%2f${image}`,
    `${owner}%252F${image}`,
    `${owner}%c0%af${image}`,
    `${owner}%e0%80%af${image}`,
    `${owner}%u002f${image}`,
    `${first}${owner.slice(1)}/${image}`,
    `${owner.toUpperCase()}/${image}`,
    `${owner}//${image}`,
    `/${name}`,
    `${name}/`,
    `./${name}`,
    `../${name}`,
    `${owner}/./${image}`,
    `${owner}/x/../${image}`,
    `x/../${name}`,
    `library/alpine/../../${name}`,
    `library/alpine/%2e%2e/%2e%2e/${name}`,
    `${owner}\\${image}`,
    `${owner}%5c${image}`,
    `${name}%00`,
    `${name}%20`,
    `${name}.`,
    `${name};x=1`,
    `${name}@1`,
    `${name}:1`,
  ];
}

function targetsOf(name: string, rest: string): readonly string[] {
  const path = `/v2/${name}/${rest}`;
  const values = [
    'docker.io',
    'index.docker.io',
    'registry-1.docker.io',
    'DOCKER.IO',
    '%64ocker.io',
    'docker.io%00',
    '',
    'docker.io&ns=docker.io',
    'docker.io&ns=other.example',
    'other.example',
    '127.0.0.1',
  ];
  return [
    ...values.map((value) => `${path}?ns=${value}`),
    `${path}?NS=docker.io`,
    `${path}?n=1&last=0`,
    `${path}?artifactType=x`,
    `${path}/`,
    `${path}#`,
    `${path}%00`,
    path.replace('sha256:', 'sha256%3A'),
    path.replace('sha256:', 'SHA256:'),
    `/${path}`,
    `/v2/${path}`,
    `/V2${path.slice(3)}`,
    `/v2%2F${path.slice(4)}`,
    `http://mirror${path}`,
    `http://docker.io${path}`,
    `http://user:password@mirror${path}`,
    path.slice(1),
  ];
}

function others(name: string): readonly string[] {
  return [
    `/v2/${name}`,
    `/v2/${name}/`,
    `/v2/${name}/blobs/uploads/`,
    `/v2/${name}/manifests/`,
    `/v2/${name}/manifests/2`,
    `/v2/${name}/manifests/sha256-${secret.manifest.digest.slice(7)}`,
    `/v2/${name}/tags`,
    `/v2/${name}/_catalog`,
    `/v1/repositories/${name}/images`,
    `/v1/repositories/${name}/tags`,
    `/extensions/v2/repositories/${name}/search`,
    `/metrics?${name}`,
    `/api/repositories/${name}`,
  ];
}

const headers: readonly Record<string, string>[] = [
  ...['bytes=0-', 'bytes=0-0', 'bytes=5-9,20-29', 'bytes=-5', 'bytes=999999999-', 'x'].map(
    (range) => ({ range }),
  ),
  { range: 'bytes=0-9', 'if-range': layerTag },
  { range: 'bytes=0-9', 'if-range': tag },
  ...[tag, layerTag, `W/${tag}`, tag.slice(1, -1), '*', '"x"'].flatMap((one) => [
    { 'if-none-match': one },
    { 'if-match': one },
  ]),
  { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' },
  { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:01 GMT' },
  ...[
    'Bearer',
    'Bearer x',
    'Basic',
    'Basic ',
    'Basic Og==',
    'Basic ===',
    `Basic ${Buffer.from('alice').toString('base64')}`,
    `Basic ${Buffer.from('alice:').toString('base64')}`,
    `basic ${Buffer.from('alice:a guess').toString('base64')}`,
    `Basic ${Buffer.from('*:*').toString('base64')}`,
    `Basic ${'QUFB'.repeat(2000)}`,
    `Basic ${'QUFB'.repeat(25_000)}`,
    'Negotiate x',
  ].map((authorization) => ({ authorization })),
  { 'proxy-authorization': 'Basic YTpi' },
  { cookie: 'token=x' },
  { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'localhost' },
  { forwarded: 'for=127.0.0.1;proto=https' },
  { 'x-real-ip': '127.0.0.1' },
  { 'x-remote-user': 'alice', 'x-ssl-client-cn': 'alice', 'x-ssl-client-verify': 'SUCCESS' },
  { 'x-http-method-override': 'GET' },
  { 'x-hand-over': 'nginx' },
  { 'x-hand-over': 'nginx', range: 'bytes=0-9' },
  { connection: 'authorization, close' },
  { accept: '*/*', 'accept-encoding': 'gzip' },
  { accept: 'application/vnd.oci.image.index.v1+json' },
  { expect: '100-continue' },
  { 'cache-control': 'only-if-cached' },
];
