import type { Lifetime } from '../support/lifetime.ts';
import { openRawConnection, type RawConnection } from '../support/rawSocket.ts';
import { blobPath, type Stage } from './stage.ts';
import { readAnswer, requestHead, type WireAnswer } from './wireAnswer.ts';

/** Asks for the large blob of a stage, or for a part of it, and does not wait. */
export async function requestLarge(
  t: Lifetime,
  stage: Stage,
  range?: string,
): Promise<RawConnection> {
  const connection = await openRawConnection(stage.mirror.port);
  t.after(() => connection.destroy());
  const headers = { connection: 'close', ...(range === undefined ? {} : { range }) };
  connection.send(requestHead('GET', blobPath(stage.large.digest), headers));
  return connection;
}

/** The whole answer. */
export async function answered(connection: RawConnection): Promise<WireAnswer> {
  const end = await connection.ended;
  return readAnswer(connection.received(), end);
}
