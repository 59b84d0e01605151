import { createHmac } from 'node:crypto';
import { markedSecret } from '../secretMark.ts';
import type { HubRequest } from './hubRequest.ts';

/** Signs addresses of the CDN, and tells whether it signed one. */
export interface AddressSigner {
  /** The path and query under which the CDN answers a GET until the address expires. */
  sign(path: string, time: number): string;
  /** `undefined` when the request's address is good; what is wrong with it otherwise. */
  faultOf(request: HubRequest): 'signature' | 'expired' | undefined;
}

/** Signatures in the manner of S3's query authentication: they bind method, path and expiry. */
export function createAddressSigner(key: string, lifetimeSeconds: number): AddressSigner {
  const signature = (method: string, path: string, date: string, expires: string) =>
    markedSecret(
      createHmac('sha256', key).update([method, path, date, expires].join('\n')).digest('hex'),
    );
  return {
    sign: (path, time) => {
      const date = new Date(time).toISOString();
      const expires = String(lifetimeSeconds);
      const query = new URLSearchParams({
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Date': date,
        'X-Amz-Expires': expires,
        'X-Amz-SignedHeaders': 'host',
        'X-Amz-Signature': signature('GET', path, date, expires),
      });
      return `${path}?${query.toString()}`;
    },
    faultOf: ({ method, path, query, time }) => {
      const date = query.get('X-Amz-Date') ?? '';
      const expires = query.get('X-Amz-Expires') ?? '';
      if (query.get('X-Amz-Signature') !== signature(method, path, date, expires)) {
        return 'signature';
      }
      return time < Date.parse(date) + Number(expires) * 1000 ? undefined : 'expired';
    },
  };
}
