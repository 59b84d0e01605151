import { accept } from './accept.ts';

/** Fetches something small once. */
export async function fetchOnce(url: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(url, { headers: { accept }, signal });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}
