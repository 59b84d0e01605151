/** A process of its own: `node bareFastify.ts PORT LIST` answers the contents that the JSON file lists. */
import { readFileSync } from 'node:fs';
import { fastify } from 'fastify';
import { mediaTypes } from '../../../src/registry/mediaType.ts';
import type { StoredContent } from '../upstream.ts';

const [port, list = ''] = process.argv.slice(2);
const contents = JSON.parse(readFileSync(list, 'utf8')) as StoredContent[];
const answers = new Map(
  contents.map(({ path, file, digest, mediaType }) => {
    const bytes = readFileSync(file);
    const isBlob = mediaType === mediaTypes.octetStream;
    const isTag = !path.endsWith(digest);
    // Those of the mirror's answer.
    const headers = {
      'docker-distribution-api-version': 'registry/2.0',
      'docker-content-digest': digest,
      etag: `"${digest}"`,
      'x-cache': 'hit',
      'cache-control': isTag ? 'no-cache' : 'public, max-age=31536000, immutable',
      ...(isBlob ? { 'accept-ranges': 'bytes' } : {}),
      'content-type': mediaType,
      'content-length': String(bytes.length),
    };
    return [path, { bytes, headers }];
  }),
);

const app = fastify({ logger: false });

function route(kind: 'manifests' | 'blobs'): void {
  type Params = { owner: string; name: string; reference: string };
  app.get<{ Params: Params }>(`/v2/:owner/:name/${kind}/:reference`, (request, reply) => {
    const { owner, name, reference } = request.params;
    const answer = answers.get(`/v2/${owner}/${name}/${kind}/${reference}`);
    if (answer === undefined) return reply.code(404).send();
    return reply.headers(answer.headers).send(answer.bytes);
  });
}

route('manifests');
route('blobs');
app.get('/ready', (_request, reply) => reply.send('ready'));
await app.listen({ host: '127.0.0.1', port: Number(port) });
