import type { Logger } from 'pino';

/** Where failures of the disk are reported that no client is told of. */
export interface StoreFailures {
  /** Something could not be read, written or removed. */
  report(error: unknown): void;
}

// A disk that fails does so with each request: a line a minute for each way it fails is enough.
const quietFor = 60_000;
// There are a few dozen such codes; whatever else comes along shares a line.
const distinct = 100;

/**
 * Logs failures of the disk once a minute for each kind, with how many there were since the last line.
 * `now`: milliseconds of a clock that only goes forward.
 */
export function createStoreFailures(logger: Logger, now: () => number): StoreFailures {
  const kinds = new Map<string, { loggedAt: number; unlogged: number }>();
  return {
    report(error) {
      const kind = kinds.size < distinct ? kindOf(error) : 'other';
      const last = kinds.get(kind);
      if (last !== undefined && now() - last.loggedAt < quietFor) {
        last.unlogged += 1;
        return;
      }
      kinds.set(kind, { loggedAt: now(), unlogged: 0 });
      const more = last === undefined || last.unlogged === 0 ? {} : { notLogged: last.unlogged };
      logger.error({ err: error, ...more }, 'the store failed; what can be had upstream is served');
    },
  };
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'other';
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name;
}
