import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Upkeep } from '../../src/upkeep/upkeep.ts';
import { UpkeepError, type UpkeepFailure } from '../../src/upkeep/upkeepError.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage, buildMultiPlatformImage } from '../support/images.ts';
import type { TestMirror } from '../support/testMirror.ts';

/** An upkeep, and the mirror before a Hub whose store it is for. */
export interface UpkeepUnderTest {
  readonly upkeep: Upkeep;
  readonly mirror: TestMirror;
}

/** Opens the upkeep of a mirror that stands before this Hub. */
export type OpenUpkeepUnderTest = (t: TestContext, hub: ScriptedHub) => Promise<UpkeepUnderTest>;

const app = buildImage({ seed: 'app' });
const alpine = buildMultiPlatformImage({ seed: 'alpine' });

/** What every upkeep has to do alike, whether it works on the store itself or through a mirror. */
export function describeUpkeep(name: string, open: OpenUpkeepUnderTest): void {
  const stocked = async (t: TestContext): Promise<UpkeepUnderTest> => {
    const hub = await startHub(t);
    hub.addImage('acme/app', app, { tags: ['v1', 'v2'] });
    hub.addImage('library/alpine', alpine, { tags: ['3.20'] });
    return open(t, hub);
  };
  const warmed = async (t: TestContext): Promise<UpkeepUnderTest> => {
    const opened = await stocked(t);
    const images = ['acme/app:v1', 'acme/app:v2', 'alpine:3.20'];
    const events = await Array.fromAsync(opened.upkeep.warm({ images, platforms: ['all'] }));
    assert.equal(events.at(-1)?.kind, 'done');
    return opened;
  };
  describe(name, () => {
    test('warms images, which then can be listed by name and by pattern', async (t) => {
      const { upkeep } = await warmed(t);
      assert.deepEqual(await namesOf(upkeep), [
        'docker.io/acme/app:v1',
        'docker.io/acme/app:v2',
        'docker.io/library/alpine:3.20',
      ]);
      assert.deepEqual(await namesOf(upkeep, 'acme/*:v2'), ['docker.io/acme/app:v2']);
      assert.deepEqual(await namesOf(upkeep, 'nothing'), []);
    });

    test('says of each warming how it ended', async (t) => {
      const { upkeep } = await stocked(t);
      const images = ['acme/app:v1', 'acme/app:none'];
      const events = await Array.fromAsync(upkeep.warm({ images, platforms: ['all'] }));
      const ends = events.flatMap((event) => (event.kind === 'progress' ? [] : [event.kind]));
      assert.deepEqual(ends.toSorted(), ['done', 'failed', 'warmed']);
      const done = events.at(-1);
      assert.deepEqual(done?.kind === 'done' && [done.warmed, done.failed], [1, 1]);
    });

    test('tells all of an image', async (t) => {
      const { upkeep } = await warmed(t);
      const image = await upkeep.image('alpine:3.20');
      assert.equal(image.name, 'docker.io/library/alpine:3.20');
      assert.deepEqual([image.complete, image.freshness, image.tag], [true, 'fresh', '3.20']);
      assert.equal(image.images.length, image.platforms.length);
      assert.ok(image.images.every(({ complete }) => complete));
    });

    test('measures what is held', async (t) => {
      const { upkeep, mirror } = await warmed(t);
      const usage = await upkeep.usage();
      assert.equal(usage.directory, mirror.directory);
      assert.equal(usage.blobs.bytes + usage.manifests.bytes, mirror.store.blobs.bytes);
      const repositories = usage.repositories.map(({ repository }) => repository);
      assert.deepEqual(repositories.toSorted(), ['docker.io/acme/app', 'docker.io/library/alpine']);
    });

    test('says what a purge would remove, removes it, and names what it did not find', async (t) => {
      const { upkeep, mirror } = await warmed(t);
      const before = mirror.store.blobs.count;
      const dry = await upkeep.purge(['alpine', 'none:*'], true);
      assert.deepEqual(dry.images, ['docker.io/library/alpine:3.20']);
      assert.deepEqual(dry.unmatched, ['none:*']);
      assert.equal(mirror.store.blobs.count, before);
      const removal = await upkeep.purge(['alpine', 'none:*'], false);
      assert.deepEqual(removal, { ...dry, dryRun: false });
      assert.equal(mirror.store.blobs.count, before - removal.blobs);
      assert.deepEqual(await namesOf(upkeep, 'alpine'), []);
    });

    test('collects what nobody has', async (t) => {
      const { upkeep } = await warmed(t);
      for (const dryRun of [true, false]) {
        const { unreferenced, missing, ...rest } = await upkeep.collect(dryRun);
        assert.equal(rest.dryRun, dryRun);
        assert.deepEqual([unreferenced, missing], [{ count: 0, bytes: 0 }, []]);
      }
    });

    test('verifies all that is held', async (t) => {
      const { upkeep, mirror } = await warmed(t);
      const events = await Array.fromAsync(upkeep.verify({ restart: true }));
      const done = events.at(-1);
      assert.ok(done?.kind === 'done');
      assert.deepEqual([done.blobs, done.damaged], [mirror.store.blobs.count, 0]);
    });

    test('ends a verification when nobody wants to hear more, and lets another begin', async (t) => {
      const { upkeep } = await warmed(t);
      for await (const event of upkeep.verify({ rate: 1 })) {
        assert.equal(event.kind, 'progress');
        break;
      }
      let first: string | undefined;
      while (first === undefined) first = await firstKind(upkeep);
      assert.equal(first, 'progress');
    });

    test('refuses a second verification as busy', async (t) => {
      const { upkeep } = await warmed(t);
      const running = upkeep.verify({ rate: 1 })[Symbol.asyncIterator]();
      await running.next();
      await assert.rejects(Array.fromAsync(upkeep.verify({})), isFailure('busy'));
      await running.return?.();
    });

    test('carries images out and in again', async (t) => {
      const { upkeep } = await warmed(t);
      const images = ['acme/app:v1', 'alpine:3.20'];
      const archive = await Array.fromAsync(upkeep.export({ images, platforms: [] }));
      await upkeep.purge(['**'], false);
      assert.deepEqual(await namesOf(upkeep), []);
      const report = await upkeep.import(pieces(archive), undefined);
      assert.deepEqual(
        report.images.map((image) => [image.name, image.complete]),
        [
          ['docker.io/acme/app:v1', true],
          ['docker.io/library/alpine:3.20', true],
        ],
      );
      assert.deepEqual(await namesOf(upkeep), [
        'docker.io/acme/app:v1',
        'docker.io/library/alpine:3.20',
      ]);
    });

    test('says why it can’t do what makes no sense', async (t) => {
      const { upkeep } = await warmed(t);
      for (const [failure, ask] of [
        ['invalid', () => Array.fromAsync(upkeep.images('a b'))],
        ['invalid', () => upkeep.image('a b')],
        ['not_found', () => upkeep.image('none')],
        ['invalid', () => upkeep.purge(['a b'], false)],
        [
          'invalid',
          () => Array.fromAsync(upkeep.warm({ images: ['alpine'], platforms: ['x y z'] })),
        ],
        ['not_found', () => Array.fromAsync(upkeep.export({ images: ['none'], platforms: [] }))],
        ['invalid', () => upkeep.import(pieces([Buffer.alloc(2000, 'no archive')]), undefined)],
      ] as const) {
        await assert.rejects(ask, isFailure(failure), ask.toString());
      }
    });

    test('answers an export of what is held in part with incomplete', async (t) => {
      const { upkeep, mirror } = await stocked(t);
      const url = `${mirror.url}/v2/acme/app/manifests/v1`;
      await (await fetch(url)).arrayBuffer();
      const asked = upkeep.export({ images: ['acme/app:v1'], platforms: [] });
      await assert.rejects(Array.fromAsync(asked), isFailure('incomplete'));
    });

    test('fails an import as its archive does', async (t) => {
      const { upkeep } = await stocked(t);
      await assert.rejects(upkeep.import(broken(), undefined), isFailure('failed'));
    });
  });
}

async function namesOf(upkeep: Upkeep, pattern?: string): Promise<readonly string[]> {
  const images = await Array.fromAsync(upkeep.images(pattern));
  return images.map((image) => image.name);
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(512);
  throw new UpkeepError('failed', 'the disk that it lies on is gone');
}

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** The kind of the first event of a verification; `undefined` while the one before is still ending. */
async function firstKind(upkeep: Upkeep): Promise<string | undefined> {
  const events = upkeep.verify({})[Symbol.asyncIterator]();
  try {
    const { value } = await events.next();
    return value?.kind;
  } catch (error) {
    if (isFailure('busy')(error)) return undefined;
    throw error;
  } finally {
    await events.return?.();
  }
}

function isFailure(failure: UpkeepFailure): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UpkeepError, String(error));
    assert.equal(error.failure, failure, error.message);
    assert.ok(error.message.length > 0);
    return true;
  };
}
