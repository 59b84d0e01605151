import { accept } from './accept.ts';

/** Fetches something small once, as the user whom `authorization` logs in. */
export async function fetchOnce(
  url: string,
  signal: AbortSignal,
  authorization?: string,
): Promise<void> {
  const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
  const answer = await fetch(url, { headers, signal });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}
