import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { buildConnector } from 'undici';
import { describeReadFailure } from '../config/readFailure.ts';
import { certificatesIn } from '../config/certificates.ts';

/** Thrown when the ops endpoints of a configuration can't be trusted by its certificate. */
export class OpsCertificateError extends Error {
  override readonly name = 'OpsCertificateError';
}

/** How ops endpoints are connected to. */
export interface OpsConnection {
  /** `ops.tls.certificateFile`, for the endpoints of the configuration that has it. */
  readonly certificateFile?: string | undefined;
  /** Milliseconds until there has to be a connection. */
  readonly timeout: number;
}

/**
 * Connects to ops endpoints, for undici. Over TLS those of the configuration are trusted by their certificate
 * alone, whatever names it has: the address of one's own machine is hardly ever among them. All others are
 * trusted as usual, by the authorities that Node, the system and NODE_EXTRA_CA_CERTS know.
 */
export function opsConnector({
  certificateFile,
  timeout,
}: OpsConnection): buildConnector.connector {
  return certificateFile === undefined
    ? usualConnector(timeout)
    : pinnedConnector(certificateFile, timeout);
}

function usualConnector(timeout: number): buildConnector.connector {
  const plain = buildConnector({ timeout });
  let secure: buildConnector.connector | undefined;
  return (options, callback) => {
    if (options.protocol !== 'https:') return plain(options, callback);
    // They take a while to be read.
    secure ??= buildConnector({
      timeout,
      ca: [...getCACertificates('default'), ...getCACertificates('system')],
    });
    return secure(options, callback);
  };
}

/** Reads the file for each connection: a command that goes on and on outlives a certificate. */
function pinnedConnector(file: string, timeout: number): buildConnector.connector {
  return (options, callback) => {
    try {
      const own = readOwn(file);
      const connect = buildConnector({
        timeout,
        ca: own.toString(),
        // It need not be one that issued itself.
        allowPartialTrustChain: true,
        checkServerIdentity: (_host, { fingerprint256 }) =>
          fingerprint256 === own.fingerprint256 ? undefined : otherThan(file),
      });
      connect(options, (...result) => {
        const [error] = result;
        if (error === null) callback(...result);
        else callback(explained(error, file), null);
      });
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null);
    }
  };
}

function readOwn(file: string) {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    const reason = describeReadFailure(error);
    throw new OpsCertificateError(`ops.tls.certificateFile (${file}): ${reason}`, { cause: error });
  }
  const [own] = certificatesIn(content);
  if (own !== undefined) return own;
  throw new OpsCertificateError(`ops.tls.certificateFile (${file}) holds no certificate`);
}

function otherThan(file: string): OpsCertificateError {
  return new OpsCertificateError(
    `it shows another certificate than ops.tls.certificateFile (${file}) holds; a mirror takes a renewed one within 10 s, so try again, or see whether that is the mirror of this configuration`,
  );
}

/** What OpenSSL says of a certificate that is not the one in the file, and does not lead to it. */
const others = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function explained(error: Error & { readonly code?: string }, file: string): Error {
  return others.has(error.code ?? '') ? otherThan(file) : error;
}
