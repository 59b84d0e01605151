import type { Content } from './content.ts';
import type { HubRequest } from './hubRequest.ts';
import { storeErrorReply, type Reply } from './reply.ts';
import { serveBlob } from './serveBlob.ts';
import type { AddressSigner } from './signedAddress.ts';

/**
 * The servers behind the redirects: signed addresses only. An `Authorization` header beside the
 * signature is refused with 400, as S3-like stores do.
 */
export function blobCdn(content: Content, signer: AddressSigner): (request: HubRequest) => Reply {
  return (request) => {
    const blob = content.stored.get(request.reference ?? '');
    if (request.headers.authorization !== undefined) {
      return storeErrorReply(400, 'InvalidArgument', 'Only one auth mechanism allowed');
    }
    const fault = signer.faultOf(request);
    if (fault === 'expired') return expiredAddress();
    if (fault === 'signature') {
      const message = 'The request signature we calculated does not match';
      return storeErrorReply(403, 'SignatureDoesNotMatch', message);
    }
    if (blob === undefined) return storeErrorReply(404, 'NoSuchKey', 'The key does not exist');
    return serveBlob(blob, request);
  };
}

/** How the CDN refuses an address whose time has passed. */
function expiredAddress(): Reply {
  return storeErrorReply(403, 'AccessDenied', 'Request has expired');
}
