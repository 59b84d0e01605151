import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFresh } from '../contenders/startFresh.ts';
import { figuresOf, type Figure } from '../figure.ts';
import type { PushedContent } from '../image.ts';
import { fetchOnce } from '../load/fetchOnce.ts';
import { BodyClient } from '../load/bodyClient.ts';
import { peakMemory, residentMemory } from '../processUsage.ts';
import type { Server } from '../server.ts';
import type { Trial, TrialSetting } from '../trial.ts';
import { layerOf } from './coldBlob.ts';

const clients = 100;
const slowOnes = 20;
const slowBytesPerSecond = 1_000_000;
const secondsUntilIdle = 10;
const blobs = 4;

/** What the mirror holds of memory when nobody asks, and with 100 clients on large blobs. */
export const memory: Trial = {
  name: 'memory',
  needs: ['docker-registry'],
  once: true,
  quick: true,
  run: async (setting) => {
    const { upstream, scale, signal } = setting;
    const [mirror] = setting.contenders(['mirror']);
    if (mirror === undefined) throw new Error('the mirror is a contender');
    const layers = [layerOf(upstream.large)];
    const manifests = [upstream.large.manifestByTag];
    for (let blob = 1; blob < blobs; blob += 1) {
      const repository = `bench/memory-${blob}`;
      const image = await upstream.push({ repository, layerSizes: [scale.blobBytes] });
      layers.push(layerOf(image));
      manifests.push(image.manifestByTag);
    }
    await using server = await startFresh((directory) => mirror.start(directory, upstream));
    await sleep(secondsUntilIdle * 1000, undefined, { signal });
    const idle = await residentMemory(server.pid);
    for (const { path } of manifests) await fetchOnce(server.url + path, signal);
    const cold = await peakOf(setting, server, layers);
    const warm = await peakOf(setting, server, layers);
    const many = `${clients} clients on large blobs, ${slowOnes} of them slow`;
    return figuresOf('mirror', [
      figure('nothing', 'idle RSS', idle),
      figure(`${many}, cold`, 'peak RSS above idle', cold - idle),
      figure(`${many}, warm`, 'peak RSS above idle', warm - idle),
    ]);
  },
};

function figure(work: string, measure: string, bytes: number): Figure {
  return { work, measure, unit: 'MB', value: bytes / 1e6 };
}

/** The peak that the kernel keeps (`VmHWM`) while clients download several blobs, once it was reset. */
async function peakOf(
  { scale, signal, progress }: TrialSetting,
  { url, pid }: Server,
  layers: readonly PushedContent[],
): Promise<number> {
  // proc_pid_clear_refs(5): 5 sets the peak to what is held now.
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  const seconds = scale.name === 'quick' ? 4 : 15;
  const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  let bytes = 0;
  const keep = (piece: Buffer): void => {
    bytes += piece.length;
  };
  const connected = Array.from({ length: clients }, (_, index) => {
    return new BodyClient(url, index < slowOnes ? slowBytesPerSecond : undefined);
  });
  const leave = (): void => {
    for (const client of connected) client[Symbol.dispose]();
  };
  over.addEventListener('abort', leave, { once: true });
  const read = async (client: BodyClient, index: number): Promise<void> => {
    for (let turn = index; !over.aborted; turn += 1) {
      const path = layers[turn % layers.length]?.path ?? '';
      await client.get(path, { keep }).catch((error: unknown) => {
        if (!over.aborted) throw error;
      });
    }
  };
  await Promise.all(connected.map(read)).finally(leave);
  signal.throwIfAborted();
  progress(`  ${(bytes / 1e9 / seconds).toFixed(2)} GB/s`);
  return peakMemory(pid);
}
