import type { BlobContent } from '../support/blobContent.ts';
import { eachImage } from '../support/images.ts';
import type { RecordedRequest } from '../support/hub/recorder.ts';
import type { StormImage } from './stormImages.ts';
import type { Weather } from './weather.ts';

/** What the upstream sent, beside what it had to. All in bytes. */
export interface UpstreamBill {
  /** Of the bodies of all answers of the registry, the CDN and the token service, as far as the kernel took them. */
  readonly sent: number;
  /** Of every distinct blob and manifest of all images: each has to be fetched once. */
  readonly distinct: number;
  /**
   * What the Hub itself made useless. Wrong bytes at the right length are found out by the digest, with
   * the last byte, when nobody can tell any more which of all bytes were wrong: the whole blob again. A
   * page of HTML or a wrong length in an answer of 200 contradicts what was held before: the offset that
   * was asked for and the answer. A range answered with 200: the bytes before the offset asked for.
   */
  readonly spoilt: number;
  /** {@link sent} by what was needed: {@link distinct} and {@link spoilt} together. */
  readonly ratio: number;
}

/** Reckons up the requests of a Hub. Each spoilt answer counts once, however its bytes were lost. */
export function billUpstream(
  requests: readonly RecordedRequest[],
  images: readonly StormImage[],
  weather: Weather,
): UpstreamBill {
  const blobs = new Map<string, BlobContent>();
  let distinct = 0;
  for (const image of images.flatMap(({ content }) => [...eachImage(content)])) {
    distinct += image.manifest.bytes.length;
    for (const blob of image.blobs) blobs.set(blob.digest, blob);
  }
  for (const { size } of blobs.values()) distinct += size;
  const sizeOf = (digest = ''): number => blobs.get(digest)?.size ?? 0;
  const sent = sum(requests.map(({ bytesSent }) => bytesSent));
  const spoilt = sum(requests.map((request) => lostBy(request, sizeOf, weather)));
  return { sent, distinct, spoilt, ratio: sent / (distinct + spoilt) };
}

/** How many transfers of blobs began in the middle. */
export function countResumes(requests: readonly RecordedRequest[]): number {
  return requests.filter(
    (request) => request.operation === 'cdn_get' && isServed(request) && offsetOf(request) > 0,
  ).length;
}

function isServed({ status = 0 }: RecordedRequest): boolean {
  return status >= 200 && status < 300;
}

function lostBy(
  request: RecordedRequest,
  sizeOf: (digest: string | undefined) => number,
  weather: Weather,
): number {
  const { status, bytesSent, reference } = request;
  if (bytesSent === 0) return 0;
  switch (weather.spoilingOf(request)) {
    case 'whole':
      return sizeOf(reference);
    case 'so_far':
      return status === 200 ? offsetOf(request) + bytesSent : 0;
    case 'again':
      return status === 200 ? Math.min(offsetOf(request), bytesSent) : 0;
    case undefined:
      return 0;
  }
}

/** Where the range begins that a request asks for. */
function offsetOf({ headers }: RecordedRequest): number {
  return Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
