import type { OriginName } from '../support/hub/hubRequest.ts';
import type { FaultStage } from '../support/hub/faults.ts';
import { lanes, lastingWeather, type BadWeather, type Lane } from './badWeather.ts';
import { Chance } from './chance.ts';
import { planKills, type StormScale } from './pullPlan.ts';

/** Something that the upstream does from one pull on until another. */
export type Spell = SpellOfFaults | SpellOfAbsence;

interface Period {
  /** The number of the pull before which it begins. */
  readonly from: number;
  /** The number of the pull before which it ends. */
  readonly to: number;
}

/** Requests of a stage fail. */
export interface SpellOfFaults extends Period {
  readonly stage: FaultStage;
  readonly weather: BadWeather;
  /** How many requests it befalls at most. */
  readonly times: number;
  /** Whether the tokens that the mirror has count no more from its beginning on. */
  readonly revokesTokens?: boolean;
  /** Of the choices that the weather leaves open. */
  readonly chance: Chance;
}

/** Connections to an origin, or all of them, are refused. */
export interface SpellOfAbsence extends Period {
  readonly away: OriginName | 'all';
}

type Lengths = Pick<Lane, 'fair' | 'bad'>;

const absences: Lengths = { fair: [100, 300], bad: [3, 12] };
const lastingLength = 8;

/** All that the upstream will do in a storm, in the order in which it begins. */
export function forecast(scale: StormScale): Spell[] {
  const spells = lanes.flatMap((lane) => spellsOf(lane, scale));
  const all: Spell[] = [...spells, ...absencesIn(scale), ...lastingSpells(scale)];
  return all.toSorted((a, b) => a.from - b.from);
}

/** Every kind of fault comes before any comes again. */
function spellsOf(lane: Lane, scale: StormScale): SpellOfFaults[] {
  const { name, stage, kinds } = lane;
  const chance = new Chance(scale.seed, 'weather', scale.round, name);
  let deck: BadWeather[] = [];
  return periods(lane, chance, scale).map((period) => {
    if (deck.length === 0) deck = chance.shuffled(kinds);
    const weather = deck.pop() ?? chance.pick(kinds);
    const times = chance.pick(lane.times);
    const details = new Chance(scale.seed, 'details', scale.round, name, period.from);
    return { ...period, stage, weather, times, chance: details };
  });
}

function absencesIn(scale: StormScale): SpellOfAbsence[] {
  const chance = new Chance(scale.seed, 'absences', scale.round);
  return periods(absences, chance, scale).map((period) => ({
    ...period,
    away: chance.pick(['token', 'registry', 'cdn', 'all'] as const),
  }));
}

/** Each ends when the mirror is killed. Tokens count no more, so that it has to log in. */
function lastingSpells(scale: StormScale): SpellOfFaults[] {
  const kinds = new Chance(scale.seed, 'lasting', scale.round).shuffled(lastingWeather);
  return [...planKills(scale)].map((kill, index) => {
    const chance = new Chance(scale.seed, 'lasting', scale.round, kill);
    const { stage, weather } = kinds[index % kinds.length] ?? chance.pick(kinds);
    const from = Math.max(0, kill - lastingLength);
    return { from, to: kill, stage, weather, times: lastingLength, chance, revokesTokens: true };
  });
}

function periods({ fair, bad }: Lengths, chance: Chance, { pulls }: StormScale): Period[] {
  const found: Period[] = [];
  for (let from = chance.whole(...fair); from < pulls;) {
    const to = Math.min(pulls, from + chance.whole(...bad));
    found.push({ from, to });
    from = to + chance.whole(...fair);
  }
  return found;
}
