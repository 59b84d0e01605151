import type { Contender } from '../contenders/contender.ts';
import { startFresh } from '../contenders/startFresh.ts';
import type { PushedImage } from '../image.ts';
import { fetchOnce } from '../load/fetchOnce.ts';
import type { Server } from '../server.ts';
import type { TrialSetting } from '../trial.ts';

/**
 * Starts a contender that holds nothing, before the upstream or a link to it, and asks it for a manifest, as
 * clients do before blobs.
 */
export async function startCold(
  { upstream, signal }: TrialSetting,
  contender: Contender,
  { manifestByTag }: PushedImage,
  url: string = upstream.url,
): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const before = { url, contents: upstream.contents };
  const server = stack.use(await startFresh((directory) => contender.start(directory, before)));
  await fetchOnce(server.url + manifestByTag.path, signal);
  stack.move();
  return server;
}
