import type { BodyAnswer } from './bodyAnswer.ts';
import { BodyClient, type BodyRequest } from './bodyClient.ts';

/** As many connections to a server as are needed at once; one that is free is used again. */
export class BodyClients implements Disposable {
  readonly #url: string;
  readonly #free: BodyClient[] = [];
  readonly #all = new Set<BodyClient>();

  constructor(url: string) {
    this.#url = url;
  }

  /** Asks for something and rejects unless the answer is a 200 that came completely. */
  async get(path: string, request?: BodyRequest): Promise<BodyAnswer> {
    const client = this.#takeFree() ?? this.#connect();
    try {
      const answer = await client.get(path, request);
      this.#free.push(client);
      if (Math.floor(answer.status / 100) !== 2) throw new Error(`${path}: ${answer.status}`);
      return answer;
    } catch (error) {
      client[Symbol.dispose]();
      this.#all.delete(client);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const client of this.#all) client[Symbol.dispose]();
  }

  #takeFree(): BodyClient | undefined {
    for (;;) {
      const client = this.#free.pop();
      if (client === undefined || client.isOpen) return client;
      this.#all.delete(client);
    }
  }

  #connect(): BodyClient {
    const client = new BodyClient(this.#url);
    this.#all.add(client);
    return client;
  }
}
