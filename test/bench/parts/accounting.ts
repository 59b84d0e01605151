import { createLogger } from '../../../src/ops/logger.ts';
import { Metrics } from '../../../src/ops/metrics.ts';
import { RequestLog } from '../../../src/ops/requestLog.ts';
import type { FinishedRequest } from '../../../src/mirror/requestObserver.ts';
import { often, type Part, type PartWork } from './part.ts';

const blob: FinishedRequest = {
  method: 'GET',
  route: 'blob',
  kind: 'blob',
  outcome: 'hit',
  upstream: 'docker.io',
  status: 200,
  bytesSent: 31_415_926,
  durationSeconds: 0.0314,
  firstByteSeconds: 0.0009,
  path: `/v2/library/alpine/blobs/sha256:${'0123456789abcdef'.repeat(4)}`,
  client: '192.0.2.10',
  requestId: 'req-1f',
  aborted: false,
  handedOver: false,
};
const manifest: FinishedRequest = {
  ...blob,
  route: 'manifest',
  kind: 'manifest',
  outcome: 'revalidated',
  bytesSent: 1638,
  path: '/v2/library/alpine/manifests/3.20',
};
const base: FinishedRequest = {
  ...blob,
  route: 'base',
  kind: undefined,
  outcome: undefined,
  upstream: undefined,
  bytesSent: 2,
  path: '/v2/',
};

/** What is counted and written of each request, and what a scrape costs. */
export const accounting: Part = {
  name: 'accounting',
  works: async () => [...counted(), ...logged()],
};

function counted(): PartWork[] {
  const metrics = new Metrics({
    upstreams: [{ host: 'docker.io', accounts: ['acme', 'anonymous'] }],
    version: '0.0.0',
  });
  const count = (request: FinishedRequest) => metrics.requestFinished(request);
  return [
    often('metrics of a request for content', [blob, manifest], count),
    often('metrics of a request for /v2/', [base], count),
    often(
      'metrics of an answer of the upstream',
      ['manifest_get', 'blob_get'] as const,
      (operation) => {
        metrics.exchanged('docker.io', operation, '2xx');
        metrics.answered('docker.io', operation, 42);
      },
    ),
    often('metrics of received bytes', [64 * 1024, 256 * 1024], (bytes) =>
      metrics.pulledBytes('docker.io', 'blob', bytes),
    ),
    { name: 'scrape', run: () => metrics.scrape() },
  ];
}

function logged(): PartWork[] {
  return (['json', 'pretty'] as const).map((format) => {
    let characters = 0;
    const destination = { write: (line: string) => void (characters += line.length) };
    const logger = createLogger({ level: 'info', format, destination });
    const log = new RequestLog(logger, format === 'json' ? destination : undefined);
    return often(`log line of a request, ${format}`, [blob, manifest], (request) => {
      log.write(request);
      return characters;
    });
  });
}
