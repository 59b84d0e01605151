import { createPrivateKey, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { certificatesIn } from './certificates.ts';

/** A certificate with what leads to its issuer, and its key, as their files hold them. */
export interface TlsPair {
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** The authorities whose certificates clients may show; `undefined` without such a file. */
  readonly clientCa?: Buffer | undefined;
}

/** Why TLS can't use a file. */
export interface TlsFault {
  /** The setting that names the file. */
  readonly setting: 'certificateFile' | 'keyFile' | 'clientCaFile';
  /** What was expected of it. */
  readonly message: string;
}

const certificateExpected =
  "expected certificates in PEM form (BEGIN CERTIFICATE), the server's own first and then those that lead to its issuer";
const authoritiesExpected =
  'expected certificates of authorities in PEM form (BEGIN CERTIFICATE), those that issue to clients and their roots';
const keyExpected = 'expected a private key in PEM form (BEGIN PRIVATE KEY)';

/** What is wrong with them; nothing when a server can use them. A key is never shown. */
export function tlsFaults({ clientCa, ...pair }: TlsPair): readonly TlsFault[] {
  return [...pairFaults(pair), ...(clientCa === undefined ? [] : authorityFaults(clientCa))];
}

function pairFaults({ certificate, key }: TlsPair): readonly TlsFault[] {
  const [own] = certificatesIn(certificate);
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

/** What is wrong with the authorities of clients; nothing when a server can use them. */
export function authorityFaults(clientCa: Buffer): readonly TlsFault[] {
  const setting = 'clientCaFile';
  const authorities = certificatesIn(clientCa);
  if (authorities.length === 0) return [{ setting, message: authoritiesExpected }];
  // Without a root, OpenSSL accepts nothing that leads to it.
  if (authorities.some((authority) => authority.checkIssued(authority))) return [];
  return [{ setting, message: `${authoritiesExpected}: no root (issued by itself) is among them` }];
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
