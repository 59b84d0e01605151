import { startMirror } from '../support/testMirror.ts';
import { upkeepOf } from './testUpkeep.ts';
import { describeUpkeep } from './upkeepConformance.ts';

describeUpkeep('the upkeep of a store', async (t, hub) => {
  const mirror = await startMirror(t, hub);
  return { upkeep: upkeepOf(mirror), mirror };
});
