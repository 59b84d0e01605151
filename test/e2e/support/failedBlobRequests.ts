import type { Mirror } from './mirror.ts';

/** How many requests for blobs the mirror made that got no answer from the upstream, as its metrics have it. */
export async function failedBlobRequests({ opsUrl }: Mirror): Promise<number> {
  const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith('pullthrough_upstream_requests_total{'));
  const line = lines.find(
    (text) => text.includes('operation="blob_get"') && text.includes('status="error"'),
  );
  return Number(line?.split(' ').at(-1));
}
