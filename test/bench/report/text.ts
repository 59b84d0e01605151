import type { ContenderName } from '../figure.ts';
import { boundByClient, clientLoad } from '../load/clientLoad.ts';
import { describeMachineOf } from './caption.ts';
import { formatSpread } from './numbers.ts';
import type { Report } from './report.ts';
import type { Result } from './summary.ts';
import { formatTable } from './table.ts';
import { boundOf, subjectOf } from './targetText.ts';
import type { Verdict } from './verdict.ts';

/** The report as text: all figures, then what was missing, then the targets. */
export function formatReport(report: Report): string {
  const { scale, results, verdicts, loadAverageBefore: load } = report;
  const count = (wanted: Verdict['verdict']) =>
    verdicts.filter(({ verdict }) => verdict === wanted).length;
  return [
    ...describeMachineOf(report),
    `load average before the start: ${load.toFixed(2)}${load > 0.5 ? ' (something else was running: figures are noisy)' : ''}`,
    `large blob: ${Math.round(scale.blobBytes / 1e6)} MB; rounds: ${scale.rounds}; figures are medians (least–greatest), ratios those of each round's pair`,
    '',
    formatTable(
      ['work', 'measure', 'unit', 'of', 'figure', 'mirror / it', 'better'],
      results.flatMap(rowsOf),
      [4, 5],
    ),
    ...results.flatMap(clientBounds),
    ...missing(report),
    '',
    formatTable(
      ['work', 'what', 'to reach', 'reached', 'verdict'],
      verdicts.map(targetRow),
      [2, 3],
    ),
    `targets: ${count('met')} met, ${count('not met')} not met, ${count('not measured')} not measured`,
    '',
  ].join('\n');
}

function rowsOf({ work, measure, unit, better, figures, ratios }: Result): string[][] {
  return Object.entries(figures).map(([name, spread], index) => {
    const ratio = ratios[name as ContenderName];
    const [titles, ending] = index === 0 ? [[work, measure, unit], better] : [['', '', ''], ''];
    return [...titles, name, formatSpread(spread), ratio ? formatSpread(ratio) : '', ending];
  });
}

function clientBounds({ work, measure, figures }: Result): string[] {
  if (measure !== clientLoad) return [];
  const bound = Object.entries(figures).filter(([, { median }]) => median > boundByClient);
  if (bound.length === 0) return [];
  const names = bound.map(([name]) => name).join(', ');
  return [`${work}: the client had no more to give, so it may be what was measured, with ${names}`];
}

function missing({ missingPrograms, missingTrials }: Report): string[] {
  const programs = missingPrograms.join(', ');
  return [
    ...(programs === '' ? [] : [`missing, on Debian to be had by apt-get install: ${programs}`]),
    ...missingTrials.map(
      ({ trial, reason, failed }) => `${trial}: ${failed ? 'failed' : 'left out'}: ${reason}`,
    ),
  ];
}

function targetRow(verdict: Verdict): string[] {
  const { target, reached } = verdict;
  return [
    target.work,
    subjectOf(target),
    boundOf(verdict),
    reached === undefined ? '' : formatSpread(reached),
    verdict.verdict,
  ];
}
