import { Readable } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import type { Secret } from '../config/secret.ts';
import type { StoreMark } from '../ops/apiRoutes.ts';
import type { ExportOptions, ImportReport } from '../upkeep/carrying/carrying.ts';
import type { ImageDetail } from '../upkeep/inventory/imageDetail.ts';
import type { ImageSummary } from '../upkeep/inventory/imageSummary.ts';
import type { Collection, Removal } from '../upkeep/removal/removal.ts';
import type { Upkeep } from '../upkeep/upkeep.ts';
import { UpkeepError } from '../upkeep/upkeepError.ts';
import type { Usage } from '../upkeep/inventory/usage.ts';
import type {
  VerificationEvent,
  VerificationOptions,
} from '../upkeep/verification/verification.ts';
import type { WarmingEvent, WarmingOptions } from '../upkeep/warming/warming.ts';
import { networkReason, unreachableReason } from './networkReason.ts';
import { opsConnector } from './opsConnector.ts';
import { refusalOf } from './remoteRefusal.ts';
import { readLines } from './remoteLines.ts';

/** Where the API is, and what is shown there. */
export interface RemoteUpkeepOptions {
  /** The address of the ops endpoints. */
  readonly url: URL;
  readonly token: Secret | undefined;
  /** `ops.tls.certificateFile`, where they are those of the configuration. */
  readonly certificateFile?: string | undefined;
}

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Query;
  readonly json?: object;
  readonly archive?: AsyncIterable<Uint8Array>;
  readonly accept?: string;
}

const connectTimeout = 10_000;
// The mirror shows a sign of life every 10 s on a stream of events.
const bodyTimeout = 120_000;

/** The upkeep of a store that a running mirror has, through its API. */
export class RemoteUpkeep implements Upkeep {
  readonly #base: URL;
  readonly #token: Secret | undefined;
  /** Without a limit for the head of an answer: a purge or an import has one when it is done. */
  readonly #agent: Agent;

  constructor({ url, token, certificateFile }: RemoteUpkeepOptions) {
    this.#agent = new Agent({
      connect: opsConnector({ certificateFile, timeout: connectTimeout }),
      headersTimeout: 0,
      bodyTimeout,
    });
    this.#base = new URL(url);
    this.#base.pathname = `${url.pathname.replace(/\/(metrics)?$/, '')}/api/v1/`;
    this.#token = token;
  }

  /** Which store the mirror has. */
  store(): Promise<StoreMark> {
    return this.#object({ method: 'GET', path: 'store' });
  }

  images(pattern: string | undefined): AsyncIterable<ImageSummary> {
    return this.#lines({
      method: 'GET',
      path: 'images',
      query: { pattern },
      accept: 'application/x-ndjson',
    });
  }

  image(name: string): Promise<ImageDetail> {
    return this.#object({ method: 'GET', path: 'image', query: { name } });
  }

  usage(): Promise<Usage> {
    return this.#object({ method: 'GET', path: 'usage' });
  }

  purge(patterns: readonly string[], dryRun: boolean): Promise<Removal> {
    return this.#object(change('purge', { images: patterns, dryRun }));
  }

  collect(dryRun: boolean): Promise<Collection> {
    return this.#object(change('gc', { dryRun }));
  }

  verify({ rate, restart }: VerificationOptions): AsyncIterable<VerificationEvent> {
    return this.#lines(change('verify', { rate, restart }));
  }

  warm({ images, platforms }: WarmingOptions): AsyncIterable<WarmingEvent> {
    return this.#lines(change('warm', { images, platforms }));
  }

  async *export({ images, platforms }: ExportOptions): AsyncGenerator<Uint8Array> {
    const query = { image: images, platform: platforms };
    const { body } = await this.#call({ method: 'GET', path: 'export', query });
    try {
      for await (const chunk of body) yield chunk as Uint8Array;
    } catch (error) {
      throw this.#brokeOff(error);
    }
  }

  import(archive: AsyncIterable<Uint8Array>, name: string | undefined): Promise<ImportReport> {
    return this.#object({
      method: 'POST',
      path: 'import',
      query: { name },
      archive,
    });
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #object<Answer>(call: Call): Promise<Answer> {
    const { body } = await this.#call(call);
    try {
      return (await body.json()) as Answer;
    } catch (error) {
      throw this.#brokeOff(error);
    }
  }

  async *#lines<Event>(call: Call): AsyncGenerator<Event> {
    const { body } = await this.#call(call);
    try {
      yield* readLines<Event>(body);
    } catch (error) {
      throw error instanceof UpkeepError ? error : this.#brokeOff(error);
    }
  }

  async #call({ method, path, query = {}, json, archive, accept }: Call) {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value ?? []].flat()) url.searchParams.append(name, one);
    }
    const answer = await this.#send(url, {
      method,
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(archive === undefined ? {} : { 'content-type': 'application/x-tar' }),
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token.reveal()}` }),
      },
      body: json === undefined ? archive && Readable.from(archive) : JSON.stringify(json),
    });
    if (answer.statusCode === 200) return answer;
    throw await refusalOf(answer, this.#base);
  }

  async #send(
    url: URL,
    options: {
      method: 'GET' | 'POST';
      headers: Record<string, string>;
      body: Readable | string | undefined;
    },
  ): Promise<Dispatcher.ResponseData> {
    try {
      return await request(url, {
        ...options,
        body: options.body ?? null,
        dispatcher: this.#agent,
      });
    } catch (error) {
      // What the archive's own reader says is no failure of the network.
      if (error instanceof UpkeepError || isOfFile(error)) throw error;
      const reason = unreachableReason(error, url);
      throw new UpkeepError(
        'failed',
        `cannot reach the mirror at ${this.#base.origin}: ${reason}`,
        {
          cause: error,
        },
      );
    }
  }

  #brokeOff(error: unknown): UpkeepError {
    const message = `the mirror at ${this.#base.origin} broke off its answer: ${networkReason(error)}`;
    return new UpkeepError('failed', message, { cause: error });
  }
}

function change(path: string, json: object): Call {
  return { method: 'POST', path, json };
}

function isOfFile(error: unknown): boolean {
  return error instanceof Error && 'path' in error;
}
