import type { BlobContent } from '../blobContent.ts';
import type { HubRequest } from './hubRequest.ts';
import { bytesReply, storeErrorReply, withHeaders, type Reply } from './reply.ts';

/** The ETag of a blob: quoted, and not its digest, as S3-like stores make them. */
export function entityTag(blob: BlobContent): string {
  return `"${blob.digest.slice(-32)}"`;
}

/** Answers a GET or HEAD of a blob with its bytes or the one range that was asked for (RFC 9110). */
export function serveBlob(blob: BlobContent, request: HubRequest): Reply {
  const { range, 'if-match': ifMatch, 'if-range': ifRange } = request.headers;
  const etag = entityTag(blob);
  if (ifMatch !== undefined && ifMatch !== etag) return preconditionFailed();
  const headers = {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag,
  };
  const wanted = ifRange === undefined || ifRange === etag ? range : undefined;
  const part = selectPart(wanted, blob.size);
  if (part === 'unsatisfiable') {
    const contentRange = { 'content-range': `bytes */${blob.size}` };
    return withHeaders(bytesReply(416, headers, ''), contentRange);
  }
  if (part === undefined) return partReply(blob, 200, headers, { start: 0, end: blob.size });
  const { start, end } = part;
  const contentRange = `bytes ${start}-${end - 1}/${blob.size}`;
  return partReply(blob, 206, { ...headers, 'content-range': contentRange }, part);
}

/** RFC 9110, section 13.1.1: the entity is another than the client thinks. */
export function preconditionFailed(): Reply {
  return storeErrorReply(412, 'PreconditionFailed', 'At least one precondition did not hold');
}

/** A stretch of a blob; `end` is the offset after its last byte. */
interface Part {
  readonly start: number;
  readonly end: number;
}

function partReply(
  blob: BlobContent,
  status: number,
  headers: Readonly<Record<string, string>>,
  { start, end }: Part,
): Reply {
  return {
    status,
    headers: { ...headers, 'content-length': String(end - start) },
    body: blob.chunks(start, end),
    firstByte: start,
  };
}

/** `undefined`: no range, or one in a form that may be ignored (several ranges, another unit). */
function selectPart(header: string | undefined, size: number): Part | 'unsatisfiable' | undefined {
  const match = /^bytes=(?<first>\d*)-(?<last>\d*)$/.exec(header ?? '')?.groups;
  const { first = '', last = '' } = match ?? {};
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start < end ? { start, end } : 'unsatisfiable';
}
