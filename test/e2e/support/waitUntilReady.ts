import { waitUntil } from './waitUntil.ts';

/** Resolves once `url` answers 200, and rejects when `assertRunning` throws or 30 s have passed. */
export async function waitUntilReady(url: string, assertRunning: () => void): Promise<void> {
  await waitUntil(`${url} answers 200`, async () => {
    assertRunning();
    return answersOk(url);
  });
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
