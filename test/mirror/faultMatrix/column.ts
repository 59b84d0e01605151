import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, type Digest } from '../../../src/registry/digest.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import type { FaultHandle } from '../../support/hub/faults.ts';
import { buildImage } from '../../support/images.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import type { TestMirrorOptions } from '../../support/testMirror.ts';
import { filled } from '../pulls.ts';
import { layoutOf, startScene, type Scene } from '../scene.ts';
import { isReached, nameOf, type Cell } from './cell.ts';
import { layerSize, ordersOf } from './orders.ts';
import { operations, type CellOutcome, type LayerOrigin, type Requests } from './outcome.ts';
import { isWholePull, pull, type PullTarget } from './pull.ts';

const tag = '1';
const hour = 3_600_000;
// Longer than any pause, any time for which a circuit stays open, and the Retry-After of the Hub.
const allPauses = 120_000;
const firstWindow = 1000;

/** A Hub and a mirror before it, through which cells go one after the other. */
export class Column {
  readonly #scene: Scene;
  #images = 0;
  /** What the cells share that never get as far as their fault. */
  #held: PullTarget | undefined;

  private constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Starts both, and has the mirror learn what the registry demands. */
  static async start(t: Lifetime, options: TestMirrorOptions): Promise<Column> {
    const column = new Column(await startScene(t, options));
    column.#held = await column.#pulled('what is held');
    return column;
  }

  /** Pulls through the cell's fault, and once more when that is over and all pauses have passed. */
  async run(cell: Cell): Promise<CellOutcome> {
    const { hub, clock } = this.#scene;
    const target = await this.#targetOf(cell);
    if (cell.state === 'past') clock.advance(hour);
    hub.forget();
    // A column takes more manifests than Docker Hub grants for nothing.
    hub.setRemaining('anonymous', 100);
    const client = await this.#pullThrough(cell, target);
    const outcome = { client, upstream: this.#counted(), kept: await this.#falselyKept(target) };
    hub.clearFaults();
    if (!isReached(cell)) return { ...outcome, afterwards: undefined };
    await hub.idle();
    clock.advance(allPauses);
    hub.forget();
    const lines = await this.#pull(target);
    const whole = isWholePull(lines) ? 'whole' : lines.join('; ');
    return { ...outcome, afterwards: { pull: whole, layerFrom: this.#layerOrigin(target) } };
  }

  /** Where the last pull got the layer from. */
  #layerOrigin({ image }: PullTarget): LayerOrigin {
    const reference = image.layers[0]?.digest;
    // Its first byte alone is asked for to see whether blobs can be had.
    const first = this.#scene.hub.requests.find(
      (request) => request.reference === reference && request.headers.range !== 'bytes=0-0',
    );
    if (first === undefined) return 'the store';
    return first.headers.range === undefined ? 'its start' : 'the rest';
  }

  async #targetOf(cell: Cell): Promise<PullTarget> {
    if (cell.state === 'absent') return this.#pushed(nameOf(cell));
    const shared = isReached(cell) ? undefined : this.#held;
    return shared ?? this.#pulled(nameOf(cell));
  }

  async #pulled(seed: string): Promise<PullTarget> {
    const target = this.#pushed(seed);
    await this.#pull(target);
    return target;
  }

  /** Settles when the mirror has put everything away. */
  async #pull(target: PullTarget): Promise<readonly string[]> {
    const { mirror } = this.#scene;
    const lines = await pull(mirror, target);
    for (const { digest } of target.image.blobs) await filled(mirror, digest);
    return lines;
  }

  async #pullThrough(cell: Cell, target: PullTarget): Promise<readonly string[]> {
    const { hub } = this.#scene;
    const over = new AbortController();
    const releases = ordersOf(cell, target).flatMap(({ fault, releaseAt }) => {
      const handle = hub.fault(fault);
      if (releaseAt === undefined) return [];
      return [this.#releaseWhenHeld(target, releaseAt, handle, over.signal)];
    });
    const waitsForCircuit = cell.effect === 'delayHeaders: hold' && cell.lifetime === 'once';
    if (waitsForCircuit && cell.stage === 'resume') void this.#letTimePass(target);
    const lines = await this.#pull(target);
    over.abort();
    await Promise.all(releases);
    return lines;
  }

  /** Lets a fault go on when the mirror has so many bytes of the layer, or when the pull is over. */
  async #releaseWhenHeld(
    { image }: PullTarget,
    length: number,
    handle: FaultHandle,
    over: AbortSignal,
  ): Promise<void> {
    const [layer] = image.layers;
    const { fills } = this.#scene.mirror.mirror;
    while (!over.aborted) {
      const growing = layer && (await fills.find(layer.digest)?.started.catch(() => undefined));
      if (growing !== undefined && growing.length >= length) break;
      await sleep(1);
    }
    handle.release();
  }

  /** Moves the clock beyond the circuit's first window when a resume has run out of time. */
  async #letTimePass({ image }: PullTarget): Promise<void> {
    const { hub, clock } = this.#scene;
    const reference = image.layers[0]?.digest ?? '';
    const aborted = { operation: 'cdn_get', reference, outcome: 'aborted' } as const;
    await hub.waitFor(aborted, 2);
    clock.advance(firstWindow);
  }

  #pushed(seed: string): PullTarget {
    this.#images += 1;
    const repository = `matrix/image-${this.#images}`;
    const image = buildImage({ seed, layers: [generatedBlob({ size: layerSize, seed })] });
    this.#scene.hub.addImage(repository, image, { tags: [tag] });
    return { repository, tag, image };
  }

  #counted(): Requests {
    const { hub } = this.#scene;
    const counts = operations.map((operation) => [operation, hub.count({ operation })] as const);
    return Object.fromEntries(counts) as Requests;
  }

  /** The digests of the image under which other bytes lie on the disk. */
  async #falselyKept({ image }: PullTarget): Promise<readonly Digest[]> {
    const layout = layoutOf(this.#scene.mirror);
    const digests = [image.manifest.digest, ...image.blobs.map(({ digest }) => digest)];
    const kept = await Promise.all(
      digests.map(async (digest) => {
        const bytes = await readFile(layout.blobFile(digest)).catch(() => undefined);
        return bytes === undefined || digestOf(bytes) === digest ? [] : [digest];
      }),
    );
    return kept.flat();
  }
}
