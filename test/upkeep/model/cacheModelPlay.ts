import assert from 'node:assert/strict';
import type { Digest } from '../../../src/registry/digest.ts';
import type { ImageContent } from '../../support/images.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { CacheModel, type Asked } from './cacheModel.ts';
import { assertInAgreement } from './cacheModelDisk.ts';
import {
  closureOf,
  imageAt,
  images,
  manifests,
  placeAt,
  places,
  pulledOf,
  type Holding,
} from './cacheModelImages.ts';
import { CacheModelScene } from './cacheModelScene.ts';
import type { PullPlan, Step } from './cacheModelSteps.ts';

// One pull finds the registry well again, the next one its CDN.
const carefulSteps = 2;
const second = 1000;
const minute = 60 * second;

/** Plays one history on a cache that begins empty, and looks after each step whether all is as it should be. */
export async function playHistory(
  t: Lifetime,
  maxSize: number,
  steps: readonly Step[],
): Promise<void> {
  const scene = await CacheModelScene.start(t, maxSize);
  const play = new Play(scene);
  for (const step of steps) await play.step(step);
}

class Play {
  readonly #scene: CacheModelScene;
  readonly #model = new CacheModel();
  /** What the cache has certainly written down of when things were used. */
  #written: Holding = new Map();
  #isUp = true;
  /** Steps in which pulls may still fail though the upstream is there: it is tried with care after a fault. */
  #careful = 0;

  constructor(scene: CacheModelScene) {
    this.#scene = scene;
    for (const index of places.keys()) this.#tagUpstream(index);
  }

  async step(step: Step): Promise<void> {
    const { clock } = this.#scene;
    clock.advance(second);
    const now = clock();
    const before = this.#scene.holding;
    const asked = await this.#do(step);
    await this.#scene.settle();
    const { maxSize, mirror, holding } = this.#scene;
    this.#model.judge(before, holding, asked, now, maxSize);
    const peak = this.#scene.takePeak();
    // What is beyond a bound that was lowered goes when the pins are known.
    if (step.kind !== 'restart') assert.ok(peak <= maxSize, `${peak} bytes of ${maxSize}`);
    await assertInAgreement(mirror.directory, mirror.store);
    if (['tidy', 'restart', 'kill'].includes(step.kind)) this.#written = holding;
    // The upstream is asked again only after a pause.
    if (step.kind === 'cut' || step.kind === 'up') {
      clock.advance(10 * minute);
      this.#careful = carefulSteps;
    }
  }

  #do(step: Step): Promise<Asked> {
    switch (step.kind) {
      case 'pull':
        return this.#pullAll(step.pulls);
      case 'head':
        return this.#head(step.place, step.by);
      case 'blob':
        return this.#blob(step.place, step.index);
      case 'cut':
        return this.#cut(step.pull, step.after, step.times);
      case 'kill':
        return this.#kill(step.pulls, step.turns);
      case 'restart':
        return this.#restart(step.maxSize);
      case 'purge':
        return this.#purge(step.place, step.all);
      case 'collect':
        return this.#collect();
      default:
        return this.#doQuietly(step);
    }
  }

  /** What asks for nothing, and has nothing to make room for. */
  async #doQuietly(
    step: Extract<Step, { kind: 'move' | 'wait' | 'pin' | 'tidy' | 'down' | 'up' }>,
  ): Promise<Asked> {
    const { hub, clock, mirror } = this.#scene;
    switch (step.kind) {
      case 'move':
        this.#model.targets[step.place] = imageAt(step.image);
        this.#tagUpstream(step.place);
        break;
      case 'wait':
        clock.advance(step.minutes * minute);
        break;
      case 'pin':
        this.#model.pinned = new Set(step.images.flatMap((one) => [...closureOf(imageAt(one))]));
        await mirror.store.blobs.pin(this.#model.pinned);
        break;
      case 'tidy':
        await mirror.store.blobs.tidy();
        break;
      case 'down':
        if (this.#isUp) await hub.goDown();
        this.#isUp = false;
        break;
      case 'up':
        if (!this.#isUp) await hub.comeUp();
        this.#isUp = true;
        break;
    }
    return nothing;
  }

  async #pullAll(pulls: readonly PullPlan[]): Promise<Asked> {
    const all = await Promise.all(pulls.map((plan) => this.#pull(plan, this.#careful === 0)));
    this.#careful = Math.max(0, this.#careful - 1);
    return {
      touched: new Set(all.flatMap(({ touched }) => [...touched])),
      got: new Set(all.flatMap(({ got }) => [...got])),
      removed: new Set(),
    };
  }

  async #pull({ place, by, platform }: PullPlan, isHealthy: boolean): Promise<Asked> {
    const { clock, mirror } = this.#scene;
    const now = clock();
    const isHeld = (digest: Digest) => mirror.store.blobs.describe(digest) !== undefined;
    const alone = by === 'tag' ? this.#model.answersAlone(place, now) : undefined;
    // Of another platform there may be all that is needed, but not for this repository.
    const isEnough =
      alone !== undefined &&
      [...closureOf(alone)].every(isHeld) &&
      this.#model.isMember(place, pulledOf(alone, platform));
    const answers = this.#answers(place, by);
    const pulled = await this.#scene.pull(placeAt(place), this.#reference(place, by), platform);
    const { image, got, isWhole } = pulled;
    this.#judgeSource(place, answers, got);
    if (image !== undefined) assert.ok(answers.has(image), 'another image than was asked for');
    if (isHealthy && this.#isUp) assert.ok(isWhole, 'a pull failed with the upstream there');
    if (!this.#isUp && isEnough) assert.ok(isWhole, 'an image that is held is not served');
    if (by === 'tag' && image !== undefined) this.#model.gotTag(place, image, now, this.#isUp);
    this.#model.got(place, got);
    return { touched: closureOfAll(answers), got: new Set([...got].filter(isHeld)), removed: none };
  }

  async #head(place: number, by: 'tag' | 'digest'): Promise<Asked> {
    const { clock, mirror } = this.#scene;
    const answers = this.#answers(place, by);
    const digest = await this.#scene.head(placeAt(place), this.#reference(place, by));
    const image = images.find(({ manifest }) => manifest.digest === digest);
    this.#judgeSource(place, answers, digest === undefined ? [] : [digest]);
    if (this.#isUp && this.#careful === 0)
      assert.ok(digest !== undefined, 'a HEAD failed with the upstream there');
    if (digest !== undefined) assert.ok(image && answers.has(image), 'another image by HEAD');
    if (by === 'tag' && image !== undefined) {
      this.#model.gotTag(place, image, clock(), this.#isUp);
    }
    const isHeld = digest !== undefined && mirror.store.blobs.describe(digest) !== undefined;
    return { touched: closureOfAll(answers), got: new Set(isHeld ? [digest] : []), removed: none };
  }

  async #blob(place: number, index: number): Promise<Asked> {
    const blobs = closureOf(this.#model.target(place)).difference(manifests);
    const digest = [...blobs][index % blobs.size];
    if (digest === undefined) return nothing;
    const came = await this.#scene.pullBlob(placeAt(place), digest);
    this.#judgeSource(place, [this.#model.target(place)], came ? [digest] : []);
    if (this.#isUp && this.#careful === 0) assert.ok(came, 'a blob failed with the upstream there');
    return { touched: new Set([digest]), got: none, removed: none };
  }

  async #cut(pull: PullPlan, after: number, times: number): Promise<Asked> {
    const { hub } = this.#scene;
    hub.fault({ at: 'blob_body', cutAfter: after, times });
    const asked = await this.#pull(pull, false);
    await this.#scene.settle();
    hub.clearFaults();
    return asked;
  }

  async #kill(pulls: readonly PullPlan[], turns: number): Promise<Asked> {
    const before = this.#scene.holding;
    const now = this.#scene.clock();
    const answers = pulls.flatMap(({ place, by }) => [...this.#answers(place, by)]);
    const work = pulls.map(({ place, by, platform }) =>
      this.#scene.pull(placeAt(place), this.#reference(place, by), platform),
    );
    await this.#scene.kill(Promise.all(work), turns);
    for (const { place, by } of pulls) {
      if (this.#isUp) this.#model.asked(place, closureOfAll(this.#answers(place, by)));
      if (by === 'tag') this.#model.mayHaveGotTag(place, now);
    }
    this.#model.forgetRecentUses(before, this.#written);
    await this.#scene.mirror.store.blobs.pin(this.#model.pinned);
    return { touched: closureOfAll(answers), got: none, removed: none };
  }

  async #restart(maxSize: number): Promise<Asked> {
    await this.#scene.restart(maxSize);
    const { blobs } = this.#scene.mirror.store;
    await blobs.pin(this.#model.pinned);
    await blobs.tidy();
    return nothing;
  }

  async #purge(place: number, all: boolean): Promise<Asked> {
    const removed = this.#model.purge(place, all, this.#scene.holding);
    const { repository, tag } = placeAt(place);
    await this.#scene.purge(all ? repository : `${repository}:${tag}`);
    if (all) assert.deepEqual(await this.#scene.entriesOf(repository), [], 'left by a purge');
    return { ...nothing, removed };
  }

  async #collect(): Promise<Asked> {
    const removed = this.#model.collect(this.#scene.holding);
    await this.#scene.collect();
    return { ...nothing, removed };
  }

  /** What came must be right to come, with the upstream there or not. */
  #judgeSource(place: number, answers: Iterable<ImageContent>, got: Iterable<Digest>): void {
    if (this.#isUp) this.#model.asked(place, closureOfAll(answers));
    else this.#model.judgeAlone(place, got);
  }

  #answers(place: number, by: 'tag' | 'digest'): Set<ImageContent> {
    if (by === 'digest') return new Set([this.#model.target(place)]);
    return this.#model.answers(place, this.#scene.clock(), this.#isUp);
  }

  #reference(place: number, by: 'tag' | 'digest'): string {
    return by === 'tag' ? placeAt(place).tag : this.#model.target(place).manifest.digest;
  }

  #tagUpstream(place: number): void {
    const { repository, tag } = placeAt(place);
    this.#scene.hub.tag(repository, tag, this.#model.target(place));
  }
}

const none: ReadonlySet<Digest> = new Set();
const nothing: Asked = { touched: none, got: none, removed: none };

function closureOfAll(all: Iterable<ImageContent>): Set<Digest> {
  return new Set([...all].flatMap((image) => [...closureOf(image)]));
}
