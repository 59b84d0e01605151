import { UpkeepError } from '../upkeep/upkeepError.ts';
import { errorIn } from './remoteRefusal.ts';

// An image or an event has some hundred bytes, some thousand with its platforms.
const longestLine = 1024 * 1024;

/**
 * The events that a body of JSON lines holds; empty lines are signs of life. A last line of kind `error` is
 * thrown as what it says.
 */
export async function* readLines<Event>(body: AsyncIterable<Uint8Array>): AsyncGenerator<Event> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield eventOf(line) as Event;
    if (rest.length > longestLine)
      throw new UpkeepError('failed', 'the mirror sends no JSON lines');
  }
  if (rest !== '') yield eventOf(rest) as Event;
}

function eventOf(line: string): unknown {
  const event = parse(line);
  const error = errorIn(event);
  if (error !== undefined) throw error;
  return event;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new UpkeepError('failed', 'the mirror sends what is no JSON', { cause });
  }
}
