import { describeMachineOf } from './caption.ts';
import { LogScale } from './logScale.ts';
import { formatNumber } from './numbers.ts';
import type { Report } from './report.ts';
import { subjectOf } from './targetText.ts';
import { isRatio, type Verdict } from './verdict.ts';

const width = 1000;
const barsLeft = 580;
const barsRight = 910;
const rowHeight = 22;
const top = 92;

// An own background, and colours of both modes: the page's may be either.
const style = `
    .page { fill: #ffffff } text { fill: #1f2328; font: 11.5px system-ui, sans-serif }
    .title { font-size: 16px; font-weight: 600 } .faint { fill: #59636e; font-size: 11px }
    .grid { stroke: #d1d9e0 } .one { stroke: #59636e } .mark { stroke: #1f2328; stroke-width: 2 }
    .wanted { fill: #ddf4e4 } .met { fill: #1a7f37 } .unmet { fill: #cf222e } .least { stroke: #1f2328; opacity: 0.6 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 } text { fill: #e6edf3 } .faint { fill: #9198a1 }
      .grid { stroke: #3d444d } .one { stroke: #9198a1 } .mark { stroke: #e6edf3 }
      .wanted { fill: #12261e } .met { fill: #3fb950 } .unmet { fill: #f85149 } .least { stroke: #e6edf3 }
    }`;

type Drawn = Verdict & { readonly reached: NonNullable<Verdict['reached']> };

/**
 * Draws the ratios for which there are targets as an SVG of bars on a logarithmic scale: each from 1 to
 * the median, with the spread as a line and the target as a mark, beyond which the ground is green.
 */
export function drawChart(report: Report): string {
  const rows = report.verdicts.filter(isDrawn);
  const scale = new LogScale(rows.flatMap(shownValues), barsLeft, barsRight);
  const bottom = top + rows.length * rowHeight;
  const height = bottom + 58;
  const [machine, versions] = describeMachineOf(report);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The mirror beside its peers, as ratios">`,
    `  <style>${style}\n  </style>`,
    `  <rect class="page" width="${width}" height="${height}" rx="6"/>`,
    text(20, 30, 'title', 'The mirror beside its peers'),
    text(
      20,
      50,
      'faint',
      `mirror / peer, medians of ${report.scale.rounds} rounds; a bar is green where it ends in the green, which is the target`,
    ),
    ...rows.map((row, index) => targetGround(row, top + index * rowHeight, scale)),
    ...scale.ticks.map((tick) => gridLine(tick, bottom, scale)),
    ...rows.flatMap((row, index) => drawRow(row, top + index * rowHeight, scale)),
    text(20, bottom + 26, 'faint', machine),
    text(20, bottom + 43, 'faint', versions),
    '</svg>',
    '',
  ].join('\n');
}

function isDrawn(verdict: Verdict): verdict is Drawn {
  return verdict.reached !== undefined && isRatio(verdict.target) && verdict.reached.least > 0;
}

function shownValues({ reached, target }: Drawn): number[] {
  const bounds = [target.atLeast, target.atMost].filter((bound) => bound !== undefined);
  return [reached.least, reached.greatest, ...bounds, 1];
}

function targetGround({ target }: Drawn, y: number, scale: LogScale): string {
  const left = target.atLeast === undefined ? barsLeft : scale.x(target.atLeast);
  const right = target.atMost === undefined ? barsRight : scale.x(target.atMost);
  return `  <rect class="wanted" x="${round(left)}" y="${y + 1}" width="${round(right - left)}" height="${rowHeight - 2}"/>`;
}

function drawRow(row: Drawn, y: number, scale: LogScale): string[] {
  const { target, reached, verdict } = row;
  const middle = y + rowHeight / 2;
  const [one, end] = [scale.x(1), scale.x(reached.median)];
  const [least, greatest] = [scale.x(reached.least), scale.x(reached.greatest)];
  const bound = scale.x(target.atLeast ?? target.atMost ?? 1);
  const bar = `x="${round(Math.min(one, end))}" y="${y + 5}" width="${round(Math.max(1, Math.abs(end - one)))}" height="${rowHeight - 10}"`;
  return [
    `  <g><title>${escape(`${target.work}: ${subjectOf(target)}: ${formatNumber(reached.median)}, ${verdict}`)}</title>`,
    text(barsLeft - 12, middle + 4, undefined, `${target.work}: ${subjectOf(target)}`, 'end'),
    `  <rect class="${verdict === 'met' ? 'met' : 'unmet'}" ${bar}/>`,
    `  <line class="least" x1="${round(least)}" x2="${round(greatest)}" y1="${middle}" y2="${middle}"/>`,
    `  <line class="mark" x1="${round(bound)}" x2="${round(bound)}" y1="${y + 2}" y2="${y + rowHeight - 2}"/>`,
    text(barsRight + 10, middle + 4, undefined, `${formatNumber(reached.median)} ×`),
    '  </g>',
  ];
}

function gridLine(tick: number, bottom: number, scale: LogScale): string {
  const x = round(scale.x(tick));
  const line = `<line class="${tick === 1 ? 'one' : 'grid'}" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`;
  return `  ${line}\n${text(scale.x(tick), top - 8, 'faint', formatNumber(tick), 'middle')}`;
}

function text(
  x: number,
  y: number,
  kind: string | undefined,
  content: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  const attributes = kind === undefined ? '' : ` class="${kind}"`;
  return `  <text x="${round(x)}" y="${round(y)}"${attributes} text-anchor="${anchor}">${escape(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(value: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return value.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
