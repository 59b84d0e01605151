import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAlertCases, readRules } from './prometheusRules.ts';

const alerts = (await readRules()).filter(({ kind }) => kind === 'alert');
const cases = await readAlertCases();

test('every alert says how bad it is, what happened and what to do', () => {
  for (const { name, labels, annotations } of alerts) {
    assert.match(labels['severity'] ?? '', /^(critical|warning)$/, name);
    assert.match(annotations['summary'] ?? '', /^\S.{10,}[^.]$/, name);
    assert.match(annotations['runbook'] ?? '', /^\S.{80,}\.$/, name);
  }
});

test('every alert is tried both where it fires and where it does not', () => {
  for (const { name } of alerts) {
    const tried = cases.filter(({ alertname }) => alertname === name);
    assert.ok(
      tried.some(({ exp_alerts: fires }) => fires.length > 0),
      `${name} is never seen to fire`,
    );
    assert.ok(
      tried.some(({ exp_alerts: fires }) => fires.length === 0),
      `${name} is never seen not to fire`,
    );
  }
});
