import type { IncomingMessage, Server } from 'node:http';

/**
 * How long a request's body may take to come in. Node has one such limit for all of a server
 * (`requestTimeout`), and an import of some GB is not to be cut by what is right for the rest; so this
 * server does without Node's, and each request has a limit of its own until it is lifted.
 */
export class BodyDeadlines {
  readonly #server: Server;
  readonly #milliseconds: number;
  readonly #timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();

  constructor(server: Server, milliseconds: number) {
    this.#server = server;
    this.#milliseconds = milliseconds;
  }

  /** From now on the rest of the body has so long to come in; else the request is given up. */
  begin(request: IncomingMessage): void {
    if (request.complete || request.destroyed) return;
    this.lift(request);
    const timer = setTimeout(() => this.#giveUp(request), this.#milliseconds);
    // Node says nothing of a request that was answered before it was whole when its connection ends.
    timer.unref();
    this.#timers.set(request, timer);
    request.once('close', () => this.lift(request));
  }

  /** The body may take as long as it moves. */
  lift(request: IncomingMessage): void {
    clearTimeout(this.#timers.get(request));
    this.#timers.delete(request);
  }

  /** As Node does it: whoever deals with broken connections answers with 408 and closes. */
  #giveUp(request: IncomingMessage): void {
    if (request.complete || request.socket.destroyed) return;
    const error = Object.assign(new Error('the request took too long to come in'), {
      code: 'ERR_HTTP_REQUEST_TIMEOUT',
    });
    this.#server.emit('clientError', error, request.socket);
  }
}
