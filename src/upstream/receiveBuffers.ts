import type { OnReadOpts } from 'node:net';
import type { Duplex } from 'node:stream';

// As much as is hashed and written at a time; larger ones gained nothing.
const slabBytes = 256 * 1024;
// Of a slab with less room than a read usually brings, the rest is left unused.
const leastRoom = 32 * 1024;
// 8 MiB: what one fast transfer has in use.
const idleSlabs = 32;

/** Memory that pieces of bodies lie in, one after the other. */
interface Slab {
  readonly bytes: Buffer;
  /** How many bytes were received into it. */
  used: number;
  /** How many of them nobody reads any more. */
  released: number;
  /** Whether a socket receives into it. */
  receiving: boolean;
}

/**
 * What transfers are received into, in place of the fresh 64 KiB that Node allocates for each read: with
 * those undici took 0.75 CPU-s to receive a GiB, with these 0.25, and the collector has less to do.
 *
 * Memory is used again only when every byte that was received into it came back by {@link release}: whoever
 * keeps a piece, or loses it, costs memory that is collected as any other.
 */
export class ReceiveBuffers {
  /** To be given to the sockets when they are made. */
  readonly onread: OnReadOpts;
  readonly #slabs = new WeakMap<ArrayBufferLike, Slab>();
  readonly #idle: Slab[] = [];
  /** The one that was received into last, if it has room. */
  #current: Slab | undefined;

  constructor() {
    const received = (count: number, bytes: Uint8Array): Buffer => this.#received(count, bytes);
    this.onread = {
      // Node asks for the next buffer of a socket at once after each read of it.
      buffer: () => this.#next(),
      callback(this: Duplex, count, bytes) {
        return this.push(received(count, bytes));
      },
    };
  }

  /** Takes back a piece of a body that nobody reads any more, once. Other bytes than those are left alone. */
  release(piece: Buffer): void {
    const slab = this.#slabs.get(piece.buffer);
    if (slab === undefined) return;
    slab.released += piece.length;
    this.#settle(slab);
  }

  #received(count: number, bytes: Uint8Array): Buffer {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, count);
    const slab = this.#slabs.get(bytes.buffer);
    if (slab === undefined) return piece;
    slab.used += count;
    if (slab.bytes.length - slab.used >= leastRoom) {
      this.#current = slab;
    } else {
      slab.receiving = false;
      this.#settle(slab);
    }
    return piece;
  }

  #next(): Buffer {
    const slab = this.#current ?? this.#idle.pop() ?? this.#create();
    this.#current = undefined;
    slab.receiving = true;
    return slab.bytes.subarray(slab.used);
  }

  #create(): Slab {
    const bytes = Buffer.allocUnsafeSlow(slabBytes);
    const slab = { bytes, used: 0, released: 0, receiving: true };
    this.#slabs.set(bytes.buffer, slab);
    return slab;
  }

  #settle(slab: Slab): void {
    if (slab.receiving || slab.released < slab.used) return;
    slab.used = 0;
    slab.released = 0;
    if (this.#idle.length < idleSlabs) this.#idle.push(slab);
  }
}
