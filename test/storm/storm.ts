import type { BlobContent } from '../support/blobContent.ts';
import type { ScriptedHub } from '../support/hub/scriptedHub.ts';
import { pullAll, type ClientsParts } from './clients.ts';
import { forecast } from './forecast.ts';
import { Ledger } from './ledger.ts';
import type { MirrorUnderStorm } from './mirrorUnderStorm.ts';
import {
  imagesAt,
  newestImages,
  plainPull,
  planKills,
  planPull,
  type PullPlan,
  type StormScale,
} from './pullPlan.ts';
import { buildStormImages, type StormImage } from './stormImages.ts';
import { billUpstream, countResumes, type UpstreamBill } from './upstreamBill.ts';
import { Weather } from './weather.ts';

/** What a storm has shown. */
export interface StormResult {
  readonly ledger: Ledger;
  readonly bill: UpstreamBill;
  readonly weather: Weather;
  /** Pulls in the storm itself, and the seconds that it took. */
  readonly seconds: number;
  /** Images, by platform, that were fully held when the storm was over. */
  readonly heldInStorm: number;
  /** Transfers of blobs that the upstream was asked to begin in the middle. */
  readonly fillResumes: number;
}

/** What a storm rages over. */
export interface StormParts {
  readonly hub: ScriptedHub;
  readonly mirror: MirrorUnderStorm;
  /** See {@link layerPool}. */
  readonly pool: Buffer;
  /** Told what goes on, a line at a time. */
  readonly progress: (line: string) => void;
}

// Of a client in the storm. When the weather is fair again, a breaker may stay open for half a minute.
const attemptsInStorm = 5;
const pullsAtOnce = 8;
const attemptsAfterwards = 120;
// No connection to the upstream is faster: so little is lost in the buffers of sockets when one breaks.
const lineBytesPerSecond = 8_000_000;
// One pull of so many has to be of an image that was fully held; it is every second or third.
const leastPromised = 10;
// What the issue allows.
const neededTimes = 1.2;

/**
 * A storm; after it, in fair weather, several pulls of every image; at last one of every image by
 * tag and by digest without an upstream.
 */
export async function rage(scale: StormScale, parts: StormParts): Promise<StormResult> {
  const { hub, mirror, progress } = parts;
  const images = buildStormImages(parts.pool, scale.seed, scale.round, scale.images);
  for (const { repository, content, tag } of images) {
    hub.addImage(repository, content, { tags: [tag] });
  }
  const line = hub.fault({ at: 'blob_body', slow: { bytesPerSecond: lineBytesPerSecond } });
  const weather = new Weather(hub, forecast(scale), (pull) => newestBlobs(images, pull, scale));
  const ledger = new Ledger();
  const clients = { mirror, ledger, everSpoilt: (digest: string) => weather.hasSpoilt(digest) };
  const begun = performance.now();
  const { deaths } = mirror;
  const plans = plansInStorm(scale, images, weather, mirror);
  await pullAll(plans, scale.clients, attemptsInStorm, clients);
  await weather.clear();
  await mirror.serving;
  const seconds = (performance.now() - begun) / 1000;
  const heldInStorm = ledger.held;
  ledger.violations.push(...whatWasMissing(ledger, mirror.deaths - deaths, scale));
  progress(
    `the storm is over after ${seconds.toFixed(0)} s; every image is pulled in fair weather`,
  );
  await pullInFairWeather(images, scale, clients);
  await hub.idle();
  const bill = billUpstream(hub.requests, images, weather);
  const fillResumes = countResumes(hub.requests);
  if (bill.ratio > neededTimes) {
    ledger.violations.push(`the upstream sent ${bill.ratio.toFixed(3)} × of what was needed`);
  }
  progress('every image is pulled without an upstream');
  await hub.goDown();
  await pullOffline(images, scale, clients);
  await hub.comeUp();
  line.clear();
  hub.forget();
  return { ledger, bill, weather, seconds, heldInStorm, fillResumes };
}

/** A storm in which too little happened shows nothing. */
function whatWasMissing({ tally }: Ledger, kills: number, scale: StormScale): string[] {
  const promised = Math.floor(scale.pulls / leastPromised);
  return [
    ...(kills < scale.kills ? [`the mirror was killed ${kills} times, not ${scale.kills}`] : []),
    ...(tally.promised < promised
      ? [`${tally.promised} pulls in the storm were of held images`]
      : []),
  ];
}

/** Every image by tag and by digest, several times at once. */
async function pullInFairWeather(
  images: readonly StormImage[],
  scale: StormScale,
  clients: ClientsParts,
): Promise<void> {
  const targets = images.flatMap((image) => image.targets);
  const plans = Array.from({ length: pullsAtOnce }, (_, index) =>
    targets.flatMap((target) => plainPull(target, index % 2 === 0 ? 'tag' : 'digest')),
  );
  await pullEach(plans.flat(), attemptsAfterwards, 'in fair weather', scale, clients);
}

/** Every image by tag and by digest, at the first attempt. */
async function pullOffline(
  images: readonly StormImage[],
  scale: StormScale,
  clients: ClientsParts,
): Promise<void> {
  const targets = images.flatMap((image) => image.targets);
  const plans = targets.flatMap((one) => [plainPull(one, 'tag'), plainPull(one, 'digest')]);
  await pullEach(plans, 1, 'without an upstream', scale, clients);
}

/** Pulls that all have to succeed. */
async function pullEach(
  plans: readonly PullPlan[],
  attempts: number,
  when: string,
  scale: StormScale,
  clients: ClientsParts,
): Promise<void> {
  const { tally, violations } = clients.ledger;
  const before = tally.complete;
  await pullAll(plans, scale.clients, attempts, clients);
  const missing = plans.length - (tally.complete - before);
  if (missing > 0) violations.push(`${missing} of ${plans.length} pulls ${when} failed`);
}

/** Those of the images that are pulled for the first time about then. */
function newestBlobs(
  images: readonly StormImage[],
  pull: number,
  scale: StormScale,
): readonly BlobContent[] {
  const newest = images.slice(0, imagesAt(pull, scale)).slice(-newestImages);
  const targets = newest.flatMap((image) => image.targets);
  return [...new Set(targets.flatMap(({ blobs }) => blobs))];
}

/** Each plan as it is taken up, and with it the weather and the kills that come at that pull. */
function* plansInStorm(
  scale: StormScale,
  images: readonly StormImage[],
  weather: Weather,
  mirror: MirrorUnderStorm,
): Iterable<PullPlan> {
  const kills = planKills(scale);
  for (let pull = 0; pull < scale.pulls; pull += 1) {
    weather.advance(pull);
    if (kills.has(pull)) mirror.killAndRestart();
    yield planPull(pull, images, scale);
  }
}
