import { createPrivateKey, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { certificatesIn } from './certificates.ts';

/** A certificate with what leads to its issuer, and its key, as their files hold them. */
export interface TlsPair {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** Why TLS can't use a file. */
export interface TlsFault {
  /** The setting that names the file. */
  readonly setting: 'certificateFile' | 'keyFile';
  /** What was expected of it. */
  readonly message: string;
}

const certificateExpected =
  "expected certificates in PEM form (BEGIN CERTIFICATE), the server's own first and then those that lead to its issuer";
const keyExpected = 'expected a private key in PEM form (BEGIN PRIVATE KEY)';

/** What is wrong with the two; nothing when a server can use them. A key is never shown. */
export function tlsFaults({ certificate, key }: TlsPair): readonly TlsFault[] {
  const own = certificatesIn(certificate)[0];
  const privateKey = readKey(key);
  const faults: TlsFault[] = [];
  if (own === undefined) faults.push({ setting: 'certificateFile', message: certificateExpected });
  if (typeof privateKey === 'string') faults.push({ setting: 'keyFile', message: privateKey });
  if (own === undefined || typeof privateKey === 'string') return faults;
  if (!own.checkPrivateKey(privateKey)) {
    const message = "expected the key of the first certificate in certificateFile, the server's";
    return [{ setting: 'keyFile', message }];
  }
  const refusal = refusalOf({ certificate, key });
  if (refusal === undefined) return [];
  return [{ setting: 'certificateFile', message: `${certificateExpected}: ${refusal}` }];
}

/** The key, or what was expected in its place. */
function readKey(file: Buffer): KeyObject | string {
  if (file.includes('ENCRYPTED')) {
    return `${keyExpected} without a passphrase; "openssl pkey -in OLD -out NEW" takes it off`;
  }
  // Node would take a key in another form too, but not where a server is given it.
  if (!file.includes('-----BEGIN ')) return keyExpected;
  try {
    return createPrivateKey(file);
  } catch {
    return keyExpected;
  }
}

/** What OpenSSL has against the two together, such as a key that is too short. */
function refusalOf({ certificate, key }: TlsPair): string | undefined {
  try {
    createSecureContext({ cert: certificate, key });
    return undefined;
  } catch (error) {
    const { reason, message } = error as Error & { readonly reason?: string };
    return reason ?? message;
  }
}
