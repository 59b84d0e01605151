import type { Socket } from 'node:net';

interface Entry {
  /** When it comes out at the far end. */
  readonly due: number;
  readonly deliver: () => void;
}

// Timers are late by a millisecond and more: so much waits to be sent that a link doesn't idle meanwhile.
const mostAhead = 8;
const leastAhead = 4;
// What a receiver has not taken before its sender has to wait, as in the buffers of a real connection.
const mostUnsent = 4 * 1024 ** 2;
// A timer is late by up to a millisecond, and so is what comes out this much too early.
const soon = 1;

/**
 * One direction of a link: what all connections send leaves one after the other at a rate, and comes out
 * after a delay. Senders are held up, never dropped, while more waits than is sent in 8 ms.
 */
export class LinkDirection {
  readonly #millisecondsPerByte: number;
  readonly #delay: number;
  /** Senders that wait until less is to be sent. */
  readonly #heldUp = new Set<Socket>();
  /** Senders that wait until their receivers have taken more. */
  readonly #unread = new Set<Socket>();
  #queue: Entry[] = [];
  #delivered = 0;
  #busyUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;

  /** @param delay in milliseconds */
  constructor(bytesPerSecond: number, delay: number) {
    this.#millisecondsPerByte = 1000 / bytesPerSecond;
    this.#delay = delay;
  }

  /** Sends bytes, which may be overwritten when `done` is called. */
  send(from: Socket, to: Socket, bytes: Buffer, done: () => void): void {
    const now = performance.now();
    this.#busyUntil = Math.max(now, this.#busyUntil) + bytes.length * this.#millisecondsPerByte;
    const deliver = () => {
      to.write(bytes, done);
      if (to.writableLength >= mostUnsent) this.#waitForReceiver(from, to);
    };
    if (this.#busyUntil - now > mostAhead) {
      from.pause();
      this.#heldUp.add(from);
    }
    this.#add({ due: this.#busyUntil + this.#delay, deliver }, now);
  }

  /** Says, after all that was sent, that no more comes. */
  end(to: Socket): void {
    const now = performance.now();
    const due = Math.max(now, this.#busyUntil) + this.#delay;
    this.#add({ due, deliver: () => to.end() }, now);
  }

  #waitForReceiver(from: Socket, to: Socket): void {
    if (this.#unread.has(from)) return;
    this.#unread.add(from);
    from.pause();
    to.once('drain', () => {
      this.#unread.delete(from);
      if (!this.#heldUp.has(from)) from.resume();
    });
  }

  #add(entry: Entry, now: number): void {
    const isNext = this.#delivered === this.#queue.length;
    if (isNext && entry.due - now < soon) entry.deliver();
    else this.#queue.push(entry);
    this.#wake(now);
  }

  /** Wakes up when something is due, or when there is room for what was held up. */
  #wake(now: number): void {
    const due = this.#queue[this.#delivered]?.due ?? Number.POSITIVE_INFINITY;
    const room = this.#heldUp.size > 0 ? this.#busyUntil - leastAhead : Number.POSITIVE_INFINITY;
    const wakeAt = Math.min(due, room);
    if (wakeAt >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = wakeAt;
    this.#timer = setTimeout(() => this.#work(), Math.max(1, Math.floor(wakeAt - now)));
  }

  #work(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    for (let next = this.#next(now); next !== undefined; next = this.#next(now)) next.deliver();
    if (this.#busyUntil - now <= leastAhead + soon) {
      const senders = [...this.#heldUp];
      this.#heldUp.clear();
      for (const socket of senders) if (!this.#unread.has(socket)) socket.resume();
    }
    this.#wake(now);
  }

  /** Takes what is due out of the queue. */
  #next(now: number): Entry | undefined {
    const entry = this.#queue[this.#delivered];
    if (entry === undefined || entry.due - now >= soon) return undefined;
    this.#delivered += 1;
    // An array is cut off at its end for little, at its beginning for as much as is in it.
    if (this.#delivered === this.#queue.length || this.#delivered === 1000) {
      this.#queue = this.#queue.slice(this.#delivered);
      this.#delivered = 0;
    }
    return entry;
  }
}
