import { BodyClient } from '../load/bodyClient.ts';

/** Clients that download what has to be read from the disk. Disposing of them has them go away. */
export interface ColdReaders extends Disposable {
  /** Bytes that all have got so far. */
  readonly bytes: () => number;
}

/** Has so many clients download one path after the other, each path by one of them. */
export function startColdReaders(
  url: string,
  paths: readonly string[],
  count: number,
  failed: (error: unknown) => void,
): ColdReaders {
  const left = [...paths];
  let bytes = 0;
  const over = new AbortController();
  const keep = (piece: Buffer): void => {
    bytes += piece.length;
  };
  const read = async (client: BodyClient): Promise<void> => {
    for (let path = left.pop(); path !== undefined && !over.signal.aborted; path = left.pop()) {
      const { status } = await client.get(path, { keep });
      if (status !== 200) throw new Error(`${path}: ${status}`);
    }
  };
  const clients = Array.from({ length: count }, () => new BodyClient(url));
  for (const client of clients) {
    read(client).catch((error: unknown) => {
      if (!over.signal.aborted) failed(error);
    });
  }
  return {
    bytes: () => bytes,
    [Symbol.dispose]: () => {
      over.abort();
      for (const client of clients) client[Symbol.dispose]();
    },
  };
}
