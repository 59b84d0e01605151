/** The room on the disk that one blob has while it is written. */
export interface RoomClaim {
  /** Bytes that it may have in all. */
  readonly bytes: number;
  /**
   * Asks for room for so many bytes in all, and for more ahead of that as far as nobody else has to go.
   * @throws {StoreFullError} when there is none
   */
  reach(bytes: number, ahead: number): Promise<void>;
  /** Says how many bytes its file has. */
  wrote(bytes: number): void;
  /** Gives the room back, because the file is gone or counted elsewhere. */
  release(): void;
}

/**
 * Finds room for so many bytes more, and grants them with how many bytes there are beyond. `soFar`: all bytes
 * of a blob with these, where nobody knows how many there will be.
 */
export type Reserve = (
  extra: number,
  soFar: number,
  grant: (spare: number) => void,
) => Promise<void>;

interface Claim {
  readonly path: string;
  bytes: number;
  written: number;
}

/** What all blobs that are being written may take of the disk, and have taken. */
export class RoomClaims {
  readonly #claims = new Set<Claim>();

  get count(): number {
    return this.#claims.size;
  }

  /** All that they may have, with what they have. */
  get bytes(): number {
    return this.#sum(({ bytes, written }) => Math.max(bytes, written));
  }

  /** What they have. */
  get written(): number {
    return this.#sum(({ written }) => written);
  }

  /** Whether the file is one of a blob that is being written. */
  has(path: string): boolean {
    return this.#claims.values().some((claim) => claim.path === path);
  }

  /** Opens one of so many bytes for a file; who needs more asks `reserve` for it. */
  open(path: string, bytes: number, reserve: Reserve): RoomClaim {
    const claim: Claim = { path, bytes, written: 0 };
    this.#claims.add(claim);
    return {
      get bytes() {
        return claim.bytes;
      },
      reach: (wanted, ahead) =>
        reserve(wanted - claim.bytes, ahead > 0 ? wanted : 0, (spare) => {
          claim.bytes = wanted + Math.min(spare, ahead);
        }),
      wrote: (written) => {
        claim.written = written;
      },
      release: () => {
        this.#claims.delete(claim);
      },
    };
  }

  #sum(of: (claim: Claim) => number): number {
    let sum = 0;
    for (const claim of this.#claims) sum += of(claim);
    return sum;
  }
}
