import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quickScale } from '../scale.ts';
import { drawChart } from './chart.ts';
import type { Report } from './report.ts';
import type { Verdict } from './verdict.ts';

const target = { group: 'g', work: 'blobs of <1 kB & "more"', measure: 'requests' };
const spread = (median: number) => ({ median, least: median / 2, greatest: median * 2 });

const verdicts: Verdict[] = [
  { target: { ...target, to: 'nginx', atLeast: 1 }, reached: spread(20), verdict: 'met' },
  { target: { ...target, to: 'fastify', atMost: 0.01 }, reached: spread(0.1), verdict: 'not met' },
  { target: { ...target, to: 'nginx-cache', atLeast: 1 }, verdict: 'not measured' },
  { target: { ...target, to: 'value', atMost: 1 }, reached: spread(1), verdict: 'met' },
];

const report: Report = {
  date: '2026-11-21T19:00:00.000Z',
  machine: { cpu: 'Some <CPU>', cores: 2, memoryGiB: 24, kernel: '6.1', node: 'v26.0.0' },
  loadAverageBefore: 0,
  versions: { mirror: '0.1.0', nginx: '1.22.1' },
  scale: quickScale,
  missingPrograms: [],
  missingTrials: [],
  results: [],
  verdicts,
};

test('the chart is well-formed XML', () => {
  assert.deepEqual(openElements(drawChart(report)), []);
});

test('the chart has a bar for each measured ratio that there is a target for', () => {
  const svg = drawChart(report);
  assert.equal([...svg.matchAll(/<rect class="(met|unmet)"/g)].length, 2);
  assert.match(svg, /requests \/ nginx: 20, met/);
  assert.match(svg, /requests \/ fastify: 0\.100, not met/);
});

test('the chart says where and when it was made, and beside what', () => {
  const svg = drawChart(report);
  assert.match(svg, /2026-11-21, Some &lt;CPU&gt;, 2 cores/);
  assert.match(svg, /nginx 1\.22\.1/);
});

test('everything is drawn inside of the chart', () => {
  const svg = drawChart(report);
  const places = [...svg.matchAll(/ (?:x|x1|x2)="([-\d.]+)"/g)].map((match) => Number(match[1]));
  assert.ok(places.length > 10);
  assert.ok(
    places.every((place) => place >= 0 && place <= 1000),
    places.join(' '),
  );
});

test('a run without any ratio gives a chart too', () => {
  assert.deepEqual(openElements(drawChart({ ...report, verdicts: [] })), []);
});

/** Reads the tags; throws at one that closes another than the last, and at signs that XML wants escaped. */
function openElements(xml: string): string[] {
  const open: string[] = [];
  const rest = xml.replaceAll(
    /<(\/?)([a-z]+)((?: [\w-]+="[^"<&]*(?:&\w+;[^"<&]*)*")*)(\/?)>/gi,
    (_, closing: string, name: string, _attributes: string, empty: string) => {
      if (closing !== '') assert.equal(open.pop(), name);
      else if (empty === '') open.push(name);
      return '';
    },
  );
  assert.doesNotMatch(rest.replaceAll(/&(amp|lt|gt|quot);/g, ''), /[<&]/);
  return open;
}
