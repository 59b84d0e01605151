import { Client } from 'undici';
import type { Account } from '../../support/hub/accounts.ts';
import { certificatePair, clientCertificate } from '../../support/certificates.ts';
import { markedSecret } from '../../support/secretMark.ts';

/** Somebody with a password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** How a client shows who it is. */
export interface ClientIdentity {
  /** The row of the tables. */
  readonly row: string;
  /** A file of `certificates/clients`; then, as for `tls`, it speaks TLS. */
  readonly certificate?: string;
  readonly tls?: true;
  readonly credentials?: Credentials;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

const [alice, bob, carol] = [userOf('alice'), userOf('bob'), userOf('carol')];

/** Users of the mirror. */
export const users: readonly Credentials[] = [alice, bob, carol];

/** Accounts of the Hub that are not the mirror's: one may read what is private there, the other not. */
export const [reader, stranger]: readonly [Account, Account] = [
  { ...userOf('reader'), plan: 'personal' },
  { ...userOf('stranger'), plan: 'personal' },
];

const wrong = markedSecret('a guess');
// A mirror that hears of a proxy can't know that nobody between has read what the client sent.
const fromElsewhere = { 'x-forwarded-for': '203.0.113.7' };

/** Everybody who asks, by the rows of the tables. */
export const identities: readonly ClientIdentity[] = [
  { row: 'nobody' },
  { row: 'alice, password', credentials: alice },
  { row: 'bob, password', credentials: bob },
  { row: 'carol, password', credentials: carol },
  { row: 'wrong password', credentials: { username: 'alice', password: wrong } },
  { row: 'unknown user', credentials: { username: 'mallory', password: wrong } },
  { row: 'alice, cert', certificate: 'alice' },
  { row: 'bob, cert', certificate: 'bob' },
  { row: 'bob, cert, alice', certificate: 'bob', credentials: alice },
  { row: 'bob, cert, wrong', certificate: 'bob', credentials: { ...alice, password: wrong } },
  { row: 'bob, cert, Hub', certificate: 'bob', credentials: reader },
  { row: 'refused cert', certificate: 'selfSigned' },
  { row: 'Hub, may pull', tls: true, credentials: reader },
  { row: 'Hub, may not', tls: true, credentials: stranger },
  { row: 'Hub, wrong', tls: true, credentials: { ...reader, password: wrong } },
  { row: 'Hub, in the clear', credentials: reader, headers: fromElsewhere },
];

/** Asks on one connection that is kept alive. */
export type Asker = (
  method: 'GET' | 'HEAD',
  path: string,
  range?: string,
) => Promise<{ status: number; headers: Record<string, unknown>; bytes: Buffer }>;

/** A client of the servers on these ports, and how to end its connection. */
export function clientOf(
  { certificate, tls, credentials, headers = {} }: ClientIdentity,
  ports: { readonly plain: number; readonly tls: number },
): { readonly ask: Asker; readonly end: () => Promise<void> } {
  const shown = certificate === undefined ? {} : clientCertificate(certificate);
  const speaksTls = tls === true || certificate !== undefined;
  const url = speaksTls ? `https://127.0.0.1:${ports.tls}` : `http://127.0.0.1:${ports.plain}`;
  const client = new Client(url, {
    connect: { ca: certificatePair('first').certificate, ...shown },
  });
  const authorization =
    credentials === undefined
      ? {}
      : { authorization: basicOf(credentials.username, credentials.password) };
  const ask: Asker = async (method, path, range) => {
    const answer = await client.request({
      method,
      path,
      // Else a HEAD would end the connection.
      reset: false,
      headers: { ...headers, ...authorization, ...(range === undefined ? {} : { range }) },
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    return { status: answer.statusCode, headers: answer.headers, bytes };
  };
  return { ask, end: () => client.close() };
}

/** RFC 7617, section 2. */
export function basicOf(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function userOf(username: string): Credentials {
  return { username, password: markedSecret(`password of ${username}`) };
}
