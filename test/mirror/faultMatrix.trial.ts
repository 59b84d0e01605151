import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultTable } from '../support/hub/faultTable.ts';
import type { Lifetime } from '../support/lifetime.ts';
import type { TestMirrorOptions } from '../support/testMirror.ts';
import {
  isReached,
  lifetimes,
  nameOf,
  stages,
  states,
  type Cell,
  type FaultLifetime,
  type Stage,
  type State,
} from './faultMatrix/cell.ts';
import { Column } from './faultMatrix/column.ts';
import { effects, effectsOfSilence } from './faultMatrix/effects.ts';
import { effectsInTable, meaningOf } from './faultMatrix/matrixTable.ts';
import { isMeaning } from './faultMatrix/meanings.ts';
import type { CellOutcome } from './faultMatrix/outcome.ts';
import { expectedOutcome } from './faultMatrix/policy.ts';

// Only for those who have to wait for them: what a slow machine takes must not look like a fault.
const impatient: TestMirrorOptions = {
  limits: { callTimeout: 1500, tokenTimeout: 1400, blobTimeout: 1500 },
  agentLimits: { blobBodyTimeout: 1500 },
};

test('the matrix has every effect of the scripted Hub', () => {
  const used = Object.values(effects).flatMap((effect) => Object.keys(effect(0)));
  assert.deepEqual([...new Set(used)].toSorted(), Object.keys(faultTable).toSorted());
  assert.deepEqual(effectsInTable, Object.keys(effects));
  for (const effect of effectsInTable) {
    for (const stage of stages) assert.doesNotThrow(() => meaningOf(effect, stage));
  }
});

describe('through a fault a pull has the outcome that the policy says', { concurrency: 4 }, () => {
  testColumns((cell) => !isWaitedFor(cell), {});
});

describe('through silence a pull has the outcome that the policy says', { concurrency: 8 }, () => {
  testColumns(isWaitedFor, impatient);
});

/** A test for each column that has such cells, by the image's state and the fault's lifetime. */
function testColumns(chosen: (cell: Cell) => boolean, options: TestMirrorOptions): void {
  for (const stage of stages) {
    for (const state of states) {
      for (const lifetime of lifetimes) {
        const cells = cellsOf(stage, state, lifetime).filter(chosen);
        if (cells.length === 0) continue;
        test(`at ${stage}, image ${state}, fault ${lifetime}`, async (t) => {
          const deviations = await deviationsOf(t, cells, options);
          assert.ok(deviations.length === 0, `\n${deviations.join('\n')}`);
        });
      }
    }
  }
}

function isWaitedFor(cell: Cell): boolean {
  return effectsOfSilence.has(cell.effect) && isReached(cell);
}

function cellsOf(stage: Stage, state: State, lifetime: FaultLifetime): Cell[] {
  return effectsInTable
    .filter((effect) => isMeaning(meaningOf(effect, stage)))
    .map((effect) => ({ effect, stage, state, lifetime }));
}

/** What is other than it should be, by cell. */
async function deviationsOf(
  t: Lifetime,
  cells: readonly Cell[],
  options: TestMirrorOptions,
): Promise<string[]> {
  const column = await Column.start(t, options);
  const found: string[] = [];
  for (const cell of cells) {
    const meaning = meaningOf(cell.effect, cell.stage);
    if (!isMeaning(meaning)) continue;
    const seen = await column.run(cell).then(textOf, String);
    const wanted = textOf(expectedOutcome(cell, meaning));
    if (seen !== wanted) {
      found.push(`${nameOf(cell)} (${meaning})\n  seen:   ${seen}\n  wanted: ${wanted}`);
    }
  }
  return found;
}

function textOf({ client, upstream, kept, afterwards }: CellOutcome): string {
  const asked = Object.entries(upstream).flatMap(([name, count]) =>
    count === 0 ? [] : [`${name} ${count}`],
  );
  const lies = kept.map((digest) => `; other bytes kept as ${digest}`);
  const next = afterwards && ` | then ${afterwards.pull}, the layer from ${afterwards.layerFrom}`;
  return `${client.join('; ')} | ${asked.join(', ') || 'nothing'}${lies.join('')}${next ?? ''}`;
}
