/** A process of its own: `node discardProcess.ts ORDER` downloads what the JSON text orders and prints what it took as JSON. */
import { discardAll } from './discardAll.ts';
import type { DiscardOrder } from './discardOrder.ts';

const [order = ''] = process.argv.slice(2);
const discarded = await discardAll(JSON.parse(order) as DiscardOrder);
process.stdout.write(JSON.stringify(discarded));
