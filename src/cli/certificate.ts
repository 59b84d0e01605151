import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { certificatesIn } from '../config/certificates.ts';
import { tlsFaults } from '../config/tlsPair.ts';
import { AcceptedClients } from '../http/acceptedClients.ts';
import { useCertificate, type TlsPair } from '../http/tlsServer.ts';
import { FileRenewal } from './fileRenewal.ts';

/** The settings that say which files a server speaks TLS with. */
export interface TlsSettings {
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly clientCaFile?: string | undefined;
}

/** Where these settings are in the configuration. */
export type TlsSection = 'tls' | 'ops.tls';

/**
 * Reads what a server speaks TLS with; `undefined` without the settings. Rejects when a file can't be read or
 * used, with the setting.
 */
export async function readCertificate(
  tls: TlsSettings,
  section: TlsSection,
): Promise<TlsPair | undefined> {
  const { certificateFile, keyFile, clientCaFile } = tls;
  if (certificateFile === undefined || keyFile === undefined) return undefined;
  const [certificate, key, clientCa] = await Promise.all([
    readFile(certificateFile),
    readFile(keyFile),
    clientCaFile === undefined ? undefined : readFile(clientCaFile),
  ]);
  const pair = { certificate, key, clientCa };
  const [fault] = tlsFaults(pair);
  if (fault === undefined) return pair;
  throw new Error(`${section}.${fault.setting} (${tls[fault.setting]}): ${fault.message}`);
}

/**
 * Keeps what a server speaks TLS with up to date with its files, and logs it. To be started; made before the
 * server has its first connection.
 */
export function renewCertificate(
  server: Server,
  first: TlsPair,
  tls: TlsSettings,
  section: TlsSection,
  logger: Logger,
): FileRenewal<TlsPair> {
  const accepted = new AcceptedClients(server);
  return new FileRenewal({
    first,
    read: async () => (await readCertificate(tls, section)) ?? first,
    isSame: isSamePair,
    use: (pair) => {
      useCertificate(server, pair);
      if (pair.clientCa !== undefined) accepted.keepTo(certificatesIn(pair.clientCa));
      logger.info({ file: tls.certificateFile }, 'the certificate was read again');
    },
    failed: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ reason }, 'the changed certificate cannot be used; the one from before stays');
    },
  });
}

const parts = ['certificate', 'key', 'clientCa'] as const;

function isSamePair(one: TlsPair, other: TlsPair): boolean {
  return parts.every((part) => isDeepStrictEqual(one[part], other[part]));
}
