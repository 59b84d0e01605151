import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** A rule of `config/prometheus`. */
export interface PrometheusRule {
  readonly kind: 'record' | 'alert';
  /** What is recorded, or the alert's name. */
  readonly name: string;
  readonly expression: string;
  /** What is added to the labels of the expression. */
  readonly labels: Readonly<Record<string, string>>;
  /** The texts of an alert. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A case of `tests/alerts.yml`. */
export interface AlertCase {
  readonly alertname: string;
  /** The alerts of this name that fire at that moment. */
  readonly exp_alerts: readonly object[];
}

interface RuleInFile {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** The folder of the files for Prometheus. */
export const prometheusFolder = new URL('../../config/prometheus/', import.meta.url);

/** All rules, those that others build on first. */
export async function readRules(): Promise<PrometheusRule[]> {
  const files = await Promise.all(['rules.yml', 'alerts.yml'].map(readYaml));
  return files.flatMap((file) =>
    (file as { groups: { rules: RuleInFile[] }[] }).groups.flatMap(({ rules }) =>
      rules.map(readRule),
    ),
  );
}

/** The cases in which promtool looks for each alert. */
export async function readAlertCases(): Promise<AlertCase[]> {
  const { tests } = (await readYaml('tests/alerts.yml')) as {
    tests: { alert_rule_test: AlertCase[] }[];
  };
  return tests.flatMap(({ alert_rule_test: cases }) => cases);
}

async function readYaml(path: string): Promise<unknown> {
  return parse(await readFile(new URL(path, prometheusFolder), 'utf8'));
}

function readRule({
  record,
  alert,
  expr,
  labels = {},
  annotations = {},
}: RuleInFile): PrometheusRule {
  const common = { expression: expr, labels, annotations };
  return alert === undefined
    ? { kind: 'record', name: record ?? '', ...common }
    : { kind: 'alert', name: alert, ...common };
}
