import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { tlsFaults } from '../config/tlsPair.ts';
import { useCertificate, type TlsPair } from '../http/tlsServer.ts';
import { FileRenewal } from './fileRenewal.ts';

type TlsConfiguration = Configuration['tls'];

/** Reads the certificate that registry clients are served with; `undefined` without one. */
export async function readCertificate(tls: TlsConfiguration): Promise<TlsPair | undefined> {
  const { certificateFile, keyFile } = tls;
  if (certificateFile === undefined || keyFile === undefined) return undefined;
  const [certificate, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
  const pair = { certificate, key };
  const [fault] = tlsFaults(pair);
  if (fault === undefined) return pair;
  throw new Error(`tls.${fault.setting} (${tls[fault.setting]}): ${fault.message}`);
}

/** Keeps a server's certificate up to date with its files, and logs it. To be started. */
export function renewCertificate(
  server: Server,
  first: TlsPair,
  tls: TlsConfiguration,
  logger: Logger,
): FileRenewal<TlsPair> {
  return new FileRenewal({
    first,
    read: async () => (await readCertificate(tls)) ?? first,
    isSame: isSamePair,
    use: (pair) => {
      useCertificate(server, pair);
      logger.info({ file: tls.certificateFile }, 'the certificate was read again');
    },
    failed: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ reason }, 'the changed certificate cannot be used; the one from before stays');
    },
  });
}

function isSamePair(one: TlsPair, other: TlsPair): boolean {
  return one.certificate.equals(other.certificate) && one.key.equals(other.key);
}
