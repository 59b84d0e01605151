import type { FaultHandle } from '../support/hub/faults.ts';
import type { HubRequest, OriginName } from '../support/hub/hubRequest.ts';
import type { ScriptedHub } from '../support/hub/scriptedHub.ts';
import type { BlobContent } from '../support/blobContent.ts';
import type { Spoiling } from './badWeather.ts';
import type { Spell, SpellOfFaults } from './forecast.ts';

/** What is in force of a spell. */
interface Running {
  readonly to: number;
  end(): void;
}

/** Makes the Hub do what was forecast, pull by pull. */
export class Weather {
  /** How many requests each kind of fault has hit, and how often an origin went away, by `stage: name`. */
  readonly hits = new Map<string, number>();
  readonly #hub: ScriptedHub;
  readonly #coming: Spell[];
  /** Of the images that are pulled for the first time about now. */
  readonly #newestBlobs: (pull: number) => readonly BlobContent[];
  /** By the headers of the request, which the Hub's log has too. */
  readonly #spoilt = new Map<HubRequest['headers'], Spoiling>();
  readonly #spoiltContent = new Set<string>();
  #running: Running[] = [];
  #origins = Promise.resolve();

  constructor(
    hub: ScriptedHub,
    spells: readonly Spell[],
    newestBlobs: (pull: number) => readonly BlobContent[],
  ) {
    this.#hub = hub;
    this.#coming = [...spells];
    this.#newestBlobs = newestBlobs;
  }

  /** Brings the weather to what it is at the pull of this number. */
  advance(pull: number): void {
    this.#end(({ to }) => to <= pull);
    while (this.#coming[0] !== undefined && this.#coming[0].from <= pull) {
      const spell = this.#coming.shift();
      if (spell !== undefined && pull < spell.to) this.#running.push(this.#begin(spell, pull));
    }
  }

  /** Ends it all; settles when every origin is back. */
  async clear(): Promise<void> {
    this.#end(() => true);
    await this.#origins;
  }

  /** How the answer to a request in the Hub's log was spoilt, if it was. */
  spoilingOf({ headers }: Pick<HubRequest, 'headers'>): Spoiling | undefined {
    return this.#spoilt.get(headers);
  }

  /** Whether any answer with this content was ever spoilt. */
  hasSpoilt(digest: string): boolean {
    return this.#spoiltContent.has(digest);
  }

  #end(isOver: (running: Running) => boolean): void {
    for (const one of this.#running.filter(isOver)) one.end();
    this.#running = this.#running.filter((one) => !isOver(one));
  }

  #begin(spell: Spell, pull: number): Running {
    if ('away' in spell) return this.#leave(spell.away, spell.to);
    if (spell.revokesTokens === true) this.#hub.revokeTokens();
    const handles = this.#order(spell, pull);
    const end = (): void => {
      for (const handle of handles) handle.clear();
    };
    return { to: spell.to, end };
  }

  #leave(away: OriginName | 'all', to: number): Running {
    const origin = away === 'all' ? undefined : away;
    this.#count(`${away}: away`);
    this.#origins = this.#origins.then(() => this.#hub.goDown(origin));
    const end = (): void => {
      this.#origins = this.#origins.then(() => this.#hub.comeUp(origin));
    };
    return { to, end };
  }

  #order({ stage, weather, times, chance }: SpellOfFaults, pull: number): FaultHandle[] {
    const { name, effects, perBlob, leadIn, spoils } = weather;
    const isHit = this.#limited(times, `${stage}: ${name}`);
    const when = (request: HubRequest): boolean => {
      const isMeant = leadIn === undefined || request.headers.range !== undefined;
      if (!isMeant || !isHit()) return false;
      if (spoils !== undefined) this.#noteSpoilt(request, spoils);
      return true;
    };
    if (perBlob !== undefined) {
      return this.#newestBlobs(pull).map((blob) => {
        const isOfBlob = (request: HubRequest): boolean => request.reference === blob.digest;
        const both = (request: HubRequest): boolean => isOfBlob(request) && when(request);
        return this.#hub.fault({ ...perBlob(blob), at: stage, when: both });
      });
    }
    const main = this.#hub.fault({ ...effects(chance), at: stage, when });
    if (leadIn === undefined) return [main];
    const isLedIn = this.#limited(times, `${stage}: cut, so that it is resumed`);
    const isWhole = ({ headers }: HubRequest): boolean => headers.range === undefined && isLedIn();
    return [main, this.#hub.fault({ ...leadIn(chance), at: stage, when: isWhole })];
  }

  /** Says yes so many times, and counts them. */
  #limited(times: number, what: string): () => boolean {
    let left = times;
    return () => {
      if (left === 0) return false;
      left -= 1;
      return this.#count(what);
    };
  }

  #noteSpoilt({ headers, reference = '' }: HubRequest, spoils: Spoiling): void {
    this.#spoilt.set(headers, spoils);
    this.#spoiltContent.add(reference);
  }

  #count(what: string): true {
    this.hits.set(what, (this.hits.get(what) ?? 0) + 1);
    return true;
  }
}
