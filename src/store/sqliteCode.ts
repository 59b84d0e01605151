/**
 * The primary result code of an error that SQLite reported (https://sqlite.org/rescode.html), without the
 * detail that its upper bits add; `undefined` for other errors.
 */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
